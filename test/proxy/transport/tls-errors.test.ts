import { expect, test } from "vitest";
import {
  HandshakeAbortedError,
  isAlert,
  isPlainHttp,
  isTlsError,
  openSslReason,
  TlsUnconfiguredError,
} from "../../../proxy/transport/tls-errors.ts";

const withCode = (code: string): Error => Object.assign(new Error("x"), { code });

test.each([
  ["HTTP in clear", withCode("ERR_SSL_HTTP_REQUEST"), ["HTTP_REQUEST", true, false, true]],
  [
    "CONNECT in clear",
    withCode("ERR_SSL_HTTPS_PROXY_REQUEST"),
    ["HTTPS_PROXY_REQUEST", true, false, true],
  ],
  [
    "an alert",
    withCode("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"),
    ["TLSV1_ALERT_UNKNOWN_CA", false, true, true],
  ],
  [
    "no TLS",
    withCode("ERR_SSL_WRONG_VERSION_NUMBER"),
    ["WRONG_VERSION_NUMBER", false, false, true],
  ],
  ["a peer that left", new HandshakeAbortedError(), ["", false, false, true]],
  ["a fault of our own", new TlsUnconfiguredError(), ["", false, false, false]],
  ["the system's error", withCode("ECONNRESET"), ["", false, false, false]],
  ["an error without a code", new Error("ERR_SSL_ALERT"), ["", false, false, false]],
  ["none", undefined, ["", false, false, false]],
])("%s is told from other errors", (_, error, expected) => {
  expect([openSslReason(error), isPlainHttp(error), isAlert(error), isTlsError(error)]).toEqual(
    expected,
  );
});
