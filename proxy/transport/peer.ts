/** Who is at the other end of a client connection. */
export type Peer = {
  /** IP address as text; `unknown` on Unix sockets (RFC 7239 6.2). */
  readonly address: string;
  /** Its X-Forwarded-* fields are believed. */
  readonly trusted: boolean;
};
