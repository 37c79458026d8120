import { expect, test } from "vitest";
import { PeerCertificateError } from "../../../proxy/transport/peer-certificate.ts";
import {
  HandshakeAbortedError,
  TlsUnconfiguredError,
} from "../../../proxy/transport/tls-errors.ts";
import { connectFailure } from "../../../proxy/upstream/connect-failure.ts";

const withCode = (code: string): Error => Object.assign(new Error("x"), { code });

test.each([
  ["refused", withCode("ECONNREFUSED")],
  // The file of a Unix socket.
  ["refused", withCode("ENOENT")],
  ["timeout", withCode("ETIMEDOUT")],
  ["unreachable", withCode("EHOSTUNREACH")],
  ["unreachable", withCode("ECONNRESET")],
  ["unreachable", undefined],
  ["tlsExpired", new PeerCertificateError("expired", "CERT_HAS_EXPIRED")],
  ["tlsUntrusted", new PeerCertificateError("untrusted", "CERT_UNTRUSTED")],
  ["tlsWrongName", new PeerCertificateError("wrong-name", "another name")],
  ["tlsInvalid", new PeerCertificateError("missing", "none")],
  ["tlsInvalid", new PeerCertificateError("not-yet-valid", "CERT_NOT_YET_VALID")],
  ["tlsInvalid", new PeerCertificateError("invalid", "INVALID_PURPOSE")],
  ["tlsAlert", withCode("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE")],
  ["tlsProtocol", withCode("ERR_SSL_WRONG_VERSION_NUMBER")],
  ["tlsProtocol", new HandshakeAbortedError()],
  ["tlsUnconfigured", new TlsUnconfiguredError()],
] as const)("connectFailure() is %s for %s", (failure, error) => {
  expect(connectFailure(error)).toBe(failure);
});
