/** The code of OpenSSL's error when the first bytes are a request in clear. */
export const PLAIN_HTTP = "ERR_SSL_HTTP_REQUEST";

/** A peer has left before the handshake was over. */
export class HandshakeAbortedError extends Error {
  readonly code = "ERR_TLS_HANDSHAKE_ABORTED";

  constructor() {
    super("Cannot finish the TLS handshake: wanted its end, found that of the connection");
  }
}
