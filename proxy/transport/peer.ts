/** Who is at the other end of a client connection. */
export type Peer = {
  /** IP address as text. "": it has none, at a Unix socket, or has already gone. */
  readonly address: string;
  /** Its X-Forwarded-* fields are believed. */
  readonly trusted: boolean;
};
