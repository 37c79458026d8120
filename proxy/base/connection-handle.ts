/** A connection below net.Socket, as Node keeps it: what is sent from process to process. */
export type ConnectionHandle = { close(): void };
