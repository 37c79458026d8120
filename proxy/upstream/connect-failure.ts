import { PeerCertificateError } from "../transport/peer-certificate.ts";
import type { CertificateProblem } from "../transport/peer-certificate.ts";
import { isAlert, isTlsError, TlsUnconfiguredError } from "../transport/tls-errors.ts";

/**
 * Why there is no connection. local: a fault of our own. queueFull: the queue of a Unix socket had
 * no room all the time, for which TCP would have waited. stale: one that was kept has ended before
 * anything was written to it. tls…: its certificate, an alert of the endpoint's, something that is
 * not TLS, or our own certificate or roots are missing.
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
  | "tlsUnconfigured";

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
  if (isAlert(error)) return "tlsAlert";
  if (isTlsError(error)) return "tlsProtocol";
  const code = error?.code;
  if (code === "ETIMEDOUT") return "timeout";
  return code === "ECONNREFUSED" || code === "ENOENT" ? "refused" : "unreachable";
}
