import { randomBytes } from "node:crypto";
import {
  clientHello,
  EXTENSION,
  oldHello,
  record,
  RECORD,
  records,
} from "../support/client-hello.ts";
import {
  alertRecord,
  answeredThenRefused,
  toldInClear,
  turnedAway,
} from "../support/wrong-handshake.ts";
import type { WrongHandshake } from "../support/wrong-handshake.ts";

const HELLO = clientHello();

/** Records that do not belong there. */
export const RECORD_ROWS: readonly WrongHandshake[] = [
  [
    "1000 empty records",
    "open",
    "tls-invalid",
    turnedAway(
      Buffer.concat(Array.from({ length: 1_000 }, () => record(RECORD.handshake, Buffer.alloc(0)))),
    ),
  ],
  [
    "a record of 2^14 + 257 bytes",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.handshake, Buffer.alloc(16_641, 1))),
  ],
  [
    "a record of 65535 bytes",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.handshake, Buffer.alloc(65_535, 1))),
  ],
  ["a record of an unknown type", "open", "tls-invalid", turnedAway(record(99, Buffer.alloc(32)))],
  [
    "a heartbeat",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.heartbeat, Buffer.of(1, 0x40, 0))),
  ],
  [
    "a heartbeat behind the hello",
    "open",
    "tls-invalid",
    answeredThenRefused(oldHello(0x0303), record(RECORD.heartbeat, Buffer.of(1, 0x40, 0))),
  ],
  [
    "data first",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.data, Buffer.from("GET / HTTP/1.1\r\n\r\n"))),
  ],
  [
    "data in clear behind the hello",
    "open",
    "tls-invalid",
    answeredThenRefused(
      oldHello(0x0303),
      record(RECORD.data, Buffer.from("GET / HTTP/1.1\r\n\r\n"), 0x0303),
    ),
  ],
  [
    "data that nobody can read in TLS 1.3",
    "open",
    "tls-invalid",
    answeredThenRefused(HELLO, record(RECORD.data, randomBytes(64), 0x0303)),
  ],
  [
    "ChangeCipherSpec first",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.changeCipher, Buffer.of(1))),
  ],
  [
    "ChangeCipherSpec before a key in TLS 1.2",
    "open",
    "tls-invalid",
    answeredThenRefused(oldHello(0x0303), record(RECORD.changeCipher, Buffer.of(1), 0x0303)),
  ],
  [
    "10000 ChangeCipherSpec in TLS 1.3",
    "open",
    "tls-invalid",
    answeredThenRefused(
      HELLO,
      Buffer.concat(
        Array.from({ length: 10_000 }, () => record(RECORD.changeCipher, Buffer.of(1), 0x0303)),
      ),
    ),
  ],
  [
    "1000 warnings",
    "open",
    "tls-invalid",
    turnedAway(Buffer.concat(Array.from({ length: 1_000 }, () => alertRecord(1, 100)))),
  ],
  ["an alert of no level", "open", "tls-invalid", turnedAway(alertRecord(9, 40))],
  ["a fatal alert first", "open", "tls-invalid", turnedAway(alertRecord(2, 48))],
  [
    "a fatal alert behind the hello",
    "open",
    "tls-certificate-refused",
    answeredThenRefused(oldHello(0x0303), alertRecord(2, 48)),
  ],
  [
    "a second hello in TLS 1.2",
    "open",
    "tls-invalid",
    answeredThenRefused(oldHello(0x0303), oldHello(0x0303)),
  ],
  [
    "early data without a session, and too much of it",
    "open",
    "tls-invalid",
    answeredThenRefused(
      clientHello({ extensions: { [EXTENSION.earlyData]: Buffer.alloc(0) } }),
      records(RECORD.data, randomBytes(100_000)),
    ),
  ],
];

/** Something else than TLS. */
export const OTHER_ROWS: readonly WrongHandshake[] = [
  ["HTTP in clear", "open", "tls-plain-http", toldInClear("GET / HTTP/1.1\r\nHost: web\r\n\r\n")],
  [
    "CONNECT in clear",
    "open",
    "tls-plain-http",
    toldInClear("CONNECT web:443 HTTP/1.1\r\nHost: web:443\r\n\r\n"),
  ],
  ["the preface of HTTP/2", "open", "tls-invalid", turnedAway("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ["a PROXY header", "open", "tls-invalid", turnedAway("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n")],
  [
    "a PROXY header of version 2",
    "open",
    "tls-invalid",
    turnedAway("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"),
  ],
  ["SSH", "open", "tls-invalid", turnedAway("SSH-2.0-OpenSSH_9.6\r\n")],
  ["64 KiB of ones", "open", "tls-invalid", turnedAway(Buffer.alloc(65_536, 0xff))],
  ["64 KiB of zeros", "open", "tls-invalid", turnedAway(Buffer.alloc(65_536))],
];
