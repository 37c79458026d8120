import { expect, test } from "vitest";
import { handshakeRefusal } from "../../../proxy/clients/handshake-refusal.ts";
import { PeerCertificateError } from "../../../proxy/transport/peer-certificate.ts";
import { HandshakeAbortedError } from "../../../proxy/transport/tls-errors.ts";

function coded(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

test.each([
  ["tls-aborted", undefined],
  ["tls-aborted", new HandshakeAbortedError()],
  ["tls-aborted", coded("ECONNRESET")],
  ["tls-alpn", coded("ERR_SSL_NO_APPLICATION_PROTOCOL")],
  ["tls-cipher", coded("ERR_SSL_NO_SHARED_CIPHER")],
  ["tls-version", coded("ERR_SSL_UNSUPPORTED_PROTOCOL")],
  ["tls-version", coded("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION")],
  ["tls-plain-http", coded("ERR_SSL_HTTP_REQUEST")],
  ["tls-plain-http", coded("ERR_SSL_HTTPS_PROXY_REQUEST")],
  ["tls-certificate-missing", coded("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE")],
  ["tls-certificate-refused", coded("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA")],
  ["tls-certificate-refused", coded("ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN")],
  ["tls-invalid", coded("ERR_SSL_WRONG_VERSION_NUMBER")],
  ["tls-invalid", new Error("whatever")],
  ["tls-certificate-missing", new PeerCertificateError("missing", "none")],
  ["tls-certificate-expired", new PeerCertificateError("expired", "CERT_HAS_EXPIRED")],
  ["tls-certificate-untrusted", new PeerCertificateError("untrusted", "CERT_UNTRUSTED")],
  ["tls-certificate-too-long", new PeerCertificateError("too-long", "CERT_CHAIN_TOO_LONG")],
  ["tls-certificate-invalid", new PeerCertificateError("not-yet-valid", "CERT_NOT_YET_VALID")],
])("handshakeRefusal() is %s of %o", (refusal, error) => {
  expect(handshakeRefusal(error)).toBe(refusal);
});
