/** Node's own connection object below net.Socket, which can be sent from process to process. */
export type ConnectionHandle = { close(): void };
