import { PeerCertificateError } from "../transport/peer-certificate.ts";
import type { CertificateProblem } from "../transport/peer-certificate.ts";
import { isAlert, isPlainHttp, openSslReason } from "../transport/tls-errors.ts";

/** Why there was no handshake, or none that counts. A bounded set, fit for a metric's label. */
export type HandshakeRefusal =
  | "tls-aborted"
  | "tls-alpn"
  | "tls-certificate-expired"
  | "tls-certificate-invalid"
  | "tls-certificate-missing"
  | "tls-certificate-refused"
  | "tls-certificate-too-long"
  | "tls-certificate-untrusted"
  | "tls-cipher"
  | "tls-handshakes-full"
  | "tls-invalid"
  | "tls-plain-http"
  | "tls-timeout"
  | "tls-unconfigured"
  | "tls-version";

const BY_PROBLEM: Readonly<Record<CertificateProblem, HandshakeRefusal>> = {
  missing: "tls-certificate-missing",
  expired: "tls-certificate-expired",
  untrusted: "tls-certificate-untrusted",
  "not-yet-valid": "tls-certificate-invalid",
  "wrong-name": "tls-certificate-invalid",
  "too-long": "tls-certificate-too-long",
  invalid: "tls-certificate-invalid",
};

/** By OpenSSL's own words, without ERR_SSL_. */
const BY_REASON: Readonly<Record<string, HandshakeRefusal>> = {
  NO_APPLICATION_PROTOCOL: "tls-alpn",
  NO_SHARED_CIPHER: "tls-cipher",
  NO_SHARED_GROUPS: "tls-cipher",
  NO_SHARED_SIGNATURE_ALGORITHMS: "tls-cipher",
  NO_SUITABLE_GROUPS: "tls-cipher",
  NO_SUITABLE_KEY_SHARE: "tls-cipher",
  NO_SUITABLE_SIGNATURE_ALGORITHM: "tls-cipher",
  PEER_DID_NOT_RETURN_A_CERTIFICATE: "tls-certificate-missing",
  UNSUPPORTED_PROTOCOL: "tls-version",
  VERSION_TOO_LOW: "tls-version",
  NO_PROTOCOLS_AVAILABLE: "tls-version",
  TLSV1_ALERT_PROTOCOL_VERSION: "tls-version",
};

/** Errors of sockets: the client has gone. */
const GONE: ReadonlySet<string> = new Set([
  "ERR_TLS_HANDSHAKE_ABORTED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
]);

/** What a handshake that ended with this error counts as. */
export function handshakeRefusal(error: NodeJS.ErrnoException | undefined): HandshakeRefusal {
  if (error instanceof PeerCertificateError) return BY_PROBLEM[error.problem];
  const code = error?.code ?? "";
  if (error === undefined || GONE.has(code)) return "tls-aborted";
  if (isPlainHttp(error)) return "tls-plain-http";
  const known = BY_REASON[openSslReason(error)];
  if (known !== undefined) return known;
  // An alert is what the client says: mostly, that it does not like our certificate.
  return isAlert(error) ? "tls-certificate-refused" : "tls-invalid";
}
