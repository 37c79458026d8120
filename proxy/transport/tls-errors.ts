/** OpenSSL's error codes when the first bytes are a request in clear, or a CONNECT. */
const PLAIN_HTTP: ReadonlySet<string> = new Set([
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
]);

const OPENSSL = "ERR_SSL_";

/** The peer left before the handshake was over. */
export class HandshakeAbortedError extends Error {
  readonly code = "ERR_TLS_HANDSHAKE_ABORTED";

  constructor() {
    super("Cannot finish the TLS handshake: wanted its end, found that of the connection");
  }
}

/** Something that the connection needs is missing here. */
export class TlsUnconfiguredError extends Error {
  readonly code = "ERR_TLS_UNCONFIGURED";

  constructor() {
    super("Cannot begin a TLS handshake: wanted a certificate and roots, found some missing");
  }
}

/** OpenSSL's reason, without ERR_SSL_. "": it is not OpenSSL's error. */
export function openSslReason(error: NodeJS.ErrnoException | undefined): string {
  const code = error?.code ?? "";
  return code.startsWith(OPENSSL) ? code.slice(OPENSSL.length) : "";
}

/** Whether the peer speaks HTTP in clear. */
export function isPlainHttp(error: NodeJS.ErrnoException | undefined): boolean {
  return PLAIN_HTTP.has(error?.code ?? "");
}

/** Whether the peer itself has rejected something of ours. */
export function isAlert(error: NodeJS.ErrnoException | undefined): boolean {
  return openSslReason(error).includes("ALERT");
}

/** Whether the peer broke off, or speaks no TLS that we accept. */
export function isTlsError(error: NodeJS.ErrnoException | undefined): boolean {
  return error instanceof HandshakeAbortedError || openSslReason(error) !== "";
}
