import { isLocalFault } from "../base/local-faults.ts";
import type { LocalFaults } from "../base/local-faults.ts";
import { PeerCertificateError } from "../transport/peer-certificate.ts";
import type { CertificateProblem } from "../transport/peer-certificate.ts";
import { isAlert, isTlsError, TlsUnconfiguredError } from "../transport/tls-errors.ts";

/**
 * Why there is no connection. local: a fault of our own. queueFull: the queue of a Unix socket had
 * no room all the time, for which TCP would have waited. stale: one that was kept has ended before
 * anything was written to it. tls…: its certificate, an alert of the endpoint's, something that is
 * not TLS, or our own certificate or roots are missing. noHttp2: it does not speak the protocol
 * that was asked for. unprocessed: it has said that it has not begun with the request (RFC 9113
 * section 8.7), which may be sent again whatever it asks for. noTunnels: it speaks HTTP/2, and has
 * not said that it knows extended CONNECT (RFC 8441).
 */
export type ConnectFailure =
  | "refused"
  | "timeout"
  | "unreachable"
  | "local"
  | "queueFull"
  | "stale"
  | "tlsExpired"
  | "tlsUntrusted"
  | "tlsWrongName"
  | "tlsTooLong"
  | "tlsInvalid"
  | "tlsAlert"
  | "tlsProtocol"
  | "tlsUnconfigured"
  | "noHttp2"
  | "unprocessed"
  | "noTunnels";

/** An endpoint does not speak HTTP/2. */
export class NoHttp2Error extends Error {
  readonly code = "ERR_NO_HTTP2";

  constructor() {
    super("Cannot use a connection: wanted HTTP/2, found another protocol");
  }
}

/** A stream has ended before its message. */
export class StreamResetError extends Error {
  readonly code = "ERR_STREAM_RESET";
  /** As RST_STREAM has it (RFC 9113 section 7). */
  readonly http2Code: number;
  /** codec: by us, as the endpoint broke a rule. */
  readonly by: "peer" | "codec" | "connection";

  constructor(http2Code: number, by: StreamResetError["by"]) {
    super(`Cannot go on with a stream: it was reset with code ${http2Code}`);
    this.http2Code = http2Code;
    this.by = by;
  }
}

const BY_PROBLEM: Readonly<Record<CertificateProblem, ConnectFailure>> = {
  expired: "tlsExpired",
  untrusted: "tlsUntrusted",
  "wrong-name": "tlsWrongName",
  "too-long": "tlsTooLong",
  missing: "tlsInvalid",
  "not-yet-valid": "tlsInvalid",
  invalid: "tlsInvalid",
};

/** What an error means that a connection has ended with before it was ready. */
export function connectFailure(error: NodeJS.ErrnoException | undefined): ConnectFailure {
  if (error instanceof PeerCertificateError) return BY_PROBLEM[error.problem];
  if (error instanceof TlsUnconfiguredError) return "tlsUnconfigured";
  if (error instanceof NoHttp2Error) return "noHttp2";
  if (isAlert(error)) return "tlsAlert";
  if (isTlsError(error)) return "tlsProtocol";
  const code = error?.code;
  if (code === "ETIMEDOUT") return "timeout";
  return code === "ECONNREFUSED" || code === "ENOENT" ? "refused" : "unreachable";
}

/** As connectFailure(), also for faults of our own, which are counted. */
export function connectFailureAt(
  error: NodeJS.ErrnoException | undefined,
  address: string,
  faults: LocalFaults,
): ConnectFailure {
  const code = error?.code;
  if (code === undefined || (code !== "EAGAIN" && !isLocalFault(code)))
    return connectFailure(error);
  faults.add(code, "connect", address);
  return code === "EAGAIN" ? "queueFull" : "local";
}
