/** The codes of OpenSSL's errors when the first bytes are a request in clear, or its CONNECT. */
const PLAIN_HTTP: ReadonlySet<string> = new Set([
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
]);

const OPENSSL = "ERR_SSL_";

/** A peer has left before the handshake was over. */
export class HandshakeAbortedError extends Error {
  readonly code = "ERR_TLS_HANDSHAKE_ABORTED";

  constructor() {
    super("Cannot finish the TLS handshake: wanted its end, found that of the connection");
  }
}

/** What a connection would need is not there. */
export class TlsUnconfiguredError extends Error {
  readonly code = "ERR_TLS_UNCONFIGURED";

  constructor() {
    super("Cannot begin a TLS handshake: wanted a certificate and roots, found some missing");
  }
}

/** OpenSSL's own word for why it cannot go on, without ERR_SSL_. "": it is not its error. */
export function openSslReason(error: NodeJS.ErrnoException | undefined): string {
  const code = error?.code ?? "";
  return code.startsWith(OPENSSL) ? code.slice(OPENSSL.length) : "";
}

/** The peer speaks HTTP in clear. */
export function isPlainHttp(error: NodeJS.ErrnoException | undefined): boolean {
  return PLAIN_HTTP.has(error?.code ?? "");
}

/** The peer has said itself that it does not like something of ours. */
export function isAlert(error: NodeJS.ErrnoException | undefined): boolean {
  return openSslReason(error).includes("ALERT");
}

/** The peer has broken off, or what it speaks is not TLS that we take. */
export function isTlsError(error: NodeJS.ErrnoException | undefined): boolean {
  return error instanceof HandshakeAbortedError || openSslReason(error) !== "";
}
