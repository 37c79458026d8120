import { randomBytes } from "node:crypto";
import {
  clientHello,
  helloExtension,
  EXTENSION,
  helloMessage,
  keyShare,
  message,
  oldHello,
  protocols,
  record,
  RECORD,
  records,
  serverNames,
  vector,
  versions,
  words,
} from "../support/client-hello.ts";
import type { HelloWish } from "../support/client-hello.ts";
import { ALERT, answered, left, turnedAway } from "../support/wrong-handshake.ts";
import type { WrongHandshake } from "../support/wrong-handshake.ts";

/** A hello of SSL 2 (RFC 5246 appendix E.2), which says the version that it wants. */
function ssl2Hello(version: number): Buffer {
  const ciphers = Buffer.from([0x01, 0x00, 0x80, 0x07, 0x00, 0xc0]);
  const content = Buffer.concat([
    Buffer.of(1),
    words([version, ciphers.length, 0, 16]),
    ciphers,
    randomBytes(16),
  ]);
  return Buffer.concat([words([0x8000 | content.length]), content]);
}

function withExtension(type: number, content: Buffer | undefined, wish: HelloWish = {}): Buffer {
  return clientHello({ ...wish, extensions: { ...wish.extensions, [type]: content } });
}

function named(...names: readonly (string | Buffer)[]): Buffer {
  return withExtension(EXTENSION.serverName, serverNames(...names));
}

const HELLO = clientHello();
const { versions: VERSIONS, serverName, groups, signatures, alpn } = EXTENSION;

/** Versions that nobody should speak any more. */
export const VERSION_ROWS: readonly WrongHandshake[] = [
  ["a hello of SSL 2", "open", "tls-invalid", turnedAway(ssl2Hello(0x0002))],
  ["a hello of SSL 2 that wants TLS 1.0", "open", "tls-version", turnedAway(ssl2Hello(0x0301))],
  ["SSL 3", "open", "tls-version", turnedAway(oldHello(0x0300), ALERT.handshakeFailure)],
  ["TLS 1.0", "open", "tls-version", turnedAway(oldHello(0x0301), ALERT.protocolVersion)],
  ["TLS 1.1", "open", "tls-version", turnedAway(oldHello(0x0302), ALERT.protocolVersion)],
  [
    "TLS 1.2 where 1.3 is the least",
    "modern",
    "tls-version",
    turnedAway(oldHello(0x0303), ALERT.protocolVersion),
  ],
  [
    "only versions that nobody knows",
    "open",
    "tls-version",
    turnedAway(withExtension(VERSIONS, versions(0x0a0a, 0x0305)), ALERT.protocolVersion),
  ],
  [
    "no version at all in the list",
    "open",
    "tls-version",
    turnedAway(withExtension(VERSIONS, versions())),
  ],
];

/** Ciphers, groups and signatures that we do not take. */
export const CIPHER_ROWS: readonly WrongHandshake[] = [
  ["no ciphers at all", "open", "tls-invalid", turnedAway(clientHello({ ciphers: [] }))],
  [
    "ciphers that nobody knows",
    "open",
    "tls-cipher",
    turnedAway(clientHello({ ciphers: [0x0a0a] })),
  ],
  ...(
    [
      ["CBC", [0xc009, 0xc013, 0xc023, 0x002f]],
      ["RC4", [0xc007, 0xc011, 0x0005]],
      ["NULL", [0xc006, 0xc010, 0x0002, 0x003b]],
      ["export", [0x0003, 0x0006, 0x0008]],
      ["anonymous", [0x0018, 0x0034, 0xc018, 0x00a6]],
      ["no forward secrecy", [0x009c, 0x009d]],
      ["RSA for a certificate that has ECDSA", [0xc02f, 0xc030]],
    ] as const
  ).map(([name, ciphers]): WrongHandshake => [
    `only ciphers with ${name}`,
    "open",
    "tls-cipher",
    turnedAway(oldHello(0x0303, { ciphers }), ALERT.handshakeFailure),
  ]),
  [
    "only ciphers of TLS 1.2 for TLS 1.3",
    "open",
    "tls-cipher",
    turnedAway(withExtension(VERSIONS, versions(0x0304), { ciphers: [0xc02b] })),
  ],
  [
    "no group in common",
    "open",
    "tls-cipher",
    turnedAway(
      withExtension(groups, vector(2, words([0x0a0a])), {
        extensions: { [EXTENSION.keyShare]: vector(2) },
      }),
    ),
  ],
  ["no groups at all", "open", "tls-invalid", turnedAway(withExtension(groups, vector(2)))],
  [
    "no signature algorithm in common",
    "open",
    "tls-cipher",
    turnedAway(withExtension(signatures, vector(2, words([0x0a0a])))),
  ],
  [
    "no signature algorithms for TLS 1.3",
    "open",
    "tls-invalid",
    turnedAway(withExtension(signatures, undefined)),
  ],
  [
    "a key of zeros",
    "open",
    "tls-invalid",
    turnedAway(withExtension(EXTENSION.keyShare, keyShare(Buffer.alloc(32)))),
  ],
  [
    "a key too short",
    "open",
    "tls-invalid",
    turnedAway(withExtension(EXTENSION.keyShare, keyShare(Buffer.alloc(31, 9)))),
  ],
  ["compression only", "open", "tls-invalid", turnedAway(clientHello({ compression: [1] }))],
];

/** Names that are none, and protocols that we do not speak. */
export const NAME_ROWS: readonly WrongHandshake[] = [
  ["a name of 0 bytes", "open", "tls-aborted", answered(named(""))],
  ["a list of no names", "open", "tls-invalid", turnedAway(named())],
  [
    "an empty extension for the name",
    "open",
    "tls-invalid",
    turnedAway(withExtension(serverName, Buffer.alloc(0))),
  ],
  ["two names", "open", "tls-invalid", turnedAway(named("web", "other.example"))],
  ["a name with NUL in it", "open", "tls-invalid", turnedAway(named("web\0.example"))],
  ["a name of 256 bytes", "open", "tls-invalid", turnedAway(named("a".repeat(256)))],
  ["a name of almost 64 KiB", "open", "tls-invalid", turnedAway(named("a".repeat(65_000)))],
  ["an IP address as name", "open", "tls-aborted", answered(named("127.0.0.1"))],
  ["a name with spaces and quotes", "open", "tls-aborted", answered(named('a b"<>\r\n'))],
  ["a name in UTF-8", "open", "tls-aborted", answered(named(Buffer.from("bücher.example")))],
  ["a name of bytes that are not UTF-8", "open", "tls-aborted", answered(named("\xff\xfe\x80"))],
  ["a name called __proto__", "open", "tls-aborted", answered(named("__proto__"))],
  [
    "no protocol in common",
    "open",
    "tls-alpn",
    turnedAway(withExtension(alpn, protocols("h3", "spdy/3")), ALERT.noApplicationProtocol),
  ],
  [
    "no protocol in common in TLS 1.2",
    "open",
    "tls-alpn",
    turnedAway(
      oldHello(0x0303, { extensions: { [alpn]: protocols("spdy/3") } }),
      ALERT.noApplicationProtocol,
    ),
  ],
  ["no protocols at all", "open", "tls-invalid", turnedAway(withExtension(alpn, protocols()))],
  [
    "a protocol without a name",
    "open",
    "tls-invalid",
    turnedAway(withExtension(alpn, protocols("http/1.1", ""))),
  ],
  [
    "a protocol longer than its list",
    "open",
    "tls-invalid",
    turnedAway(withExtension(alpn, vector(2, Buffer.from("\xffhttp/1.1", "latin1")))),
  ],
  [
    "6500 protocols",
    "open",
    "tls-alpn",
    turnedAway(withExtension(alpn, protocols(...Array.from({ length: 6_500 }, () => "protocol9")))),
  ],
];

/** Hellos that are no hellos. */
export const SHAPE_ROWS: readonly WrongHandshake[] = [
  [
    "the same extension twice",
    "open",
    "tls-invalid",
    turnedAway(clientHello({ tail: helloExtension(serverName, serverNames("web")) })),
  ],
  [
    "an extension longer than the hello",
    "open",
    "tls-invalid",
    turnedAway(clientHello({ tail: words([0x1234, 0xffff]) })),
  ],
  ["half an extension", "open", "tls-invalid", turnedAway(clientHello({ tail: Buffer.of(0x12) }))],
  [
    "a hello of 16 MiB",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.handshake, Buffer.of(1, 0xff, 0xff, 0xff, 3, 3))),
  ],
  ["an empty hello", "open", "tls-invalid", turnedAway(record(RECORD.handshake, message(1)))],
  [
    "a server's hello",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.handshake, message(2, Buffer.alloc(70)))),
  ],
  [
    "a Finished first",
    "open",
    "tls-invalid",
    turnedAway(record(RECORD.handshake, message(20, Buffer.alloc(32)))),
  ],
  [
    "two hellos at once",
    "open",
    "tls-invalid",
    turnedAway(records(RECORD.handshake, Buffer.concat([helloMessage(), helloMessage()]))),
  ],
  ...Array.from({ length: Math.ceil(HELLO.length / 10) }, (_, at): WrongHandshake => {
    const cut = HELLO.subarray(0, at * 10);
    return [`a hello cut at byte ${cut.length}`, "open", "tls-aborted", left(cut)];
  }),
  [
    "a hello in records of one byte",
    "open",
    "tls-aborted",
    answered(records(RECORD.handshake, helloMessage(), 1)),
  ],
];
