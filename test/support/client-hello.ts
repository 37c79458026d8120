import { randomBytes } from "node:crypto";

/** Types of records (RFC 8446 section 5.1; heartbeat: RFC 6520 section 3). */
export const RECORD = { changeCipher: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24 };

/** Extensions of a hello, by number (RFC 8446 section 4.2). */
export const EXTENSION = {
  serverName: 0,
  groups: 10,
  pointFormats: 11,
  signatures: 13,
  alpn: 16,
  earlyData: 42,
  versions: 43,
  keyShare: 51,
};

/** Groups that hellos here offer (RFC 8446 section 4.2.7): for keys, and for certificates. */
const X25519 = 0x001d;
const P256 = 0x0017;
/** Two of TLS 1.3 and two of TLS 1.2, which the listeners take. */
const CIPHERS = [0x1301, 0x1302, 0xc02b, 0xc02f];
/** ECDSA and RSA with SHA-256. */
const SIGNATURES = [0x0403, 0x0804, 0x0401];

/** What is other than in a hello that is answered. */
export type HelloWish = {
  /** Of the message, not of an extension. By default TLS 1.2, as RFC 8446 section 4.1.2 says. */
  readonly version?: number;
  readonly ciphers?: readonly number[];
  readonly compression?: readonly number[];
  /** By number of EXTENSION. undefined: leaves it out. */
  readonly extensions?: Readonly<Record<number, Buffer | undefined>>;
  /** Bytes behind the last extension, inside their list. */
  readonly tail?: Buffer;
};

/** Bytes behind their length in `size` bytes. */
export function vector(size: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
}

/** Numbers of two bytes each, without a length. */
export function words(values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

/** The extension's content that asks for these names (RFC 6066 section 3). */
export function serverNames(...names: readonly (string | Buffer)[]): Buffer {
  const entries = names.map((name) => [Buffer.of(0), vector(2, latin1(name))]);
  return vector(2, ...entries.flat());
}

/** The extension's content that offers these protocols (RFC 7301 section 3.1). */
export function protocols(...names: readonly string[]): Buffer {
  return vector(2, ...names.map((name) => vector(1, latin1(name))));
}

/** The extension's content that offers these versions (RFC 8446 section 4.2.1). */
export function versions(...values: readonly number[]): Buffer {
  return vector(1, words(values));
}

/** The extension's content with one key, for X25519 (RFC 8446 section 4.2.8). */
export function keyShare(key: Uint8Array): Buffer {
  return vector(2, words([X25519]), vector(2, key));
}

/** A message of the handshake (RFC 8446 section 4). */
export function message(type: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(type), vector(3, ...parts)]);
}

/** One record, whatever its length. */
export function record(type: number, content: Uint8Array, version = 0x0301): Buffer {
  return Buffer.concat([Buffer.of(type), words([version]), vector(2, content)]);
}

/** As many records as it needs, of at most `most` bytes each. */
export function records(type: number, content: Buffer, most = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += most) {
    parts.push(record(type, content.subarray(at, at + most), 0x0303));
  }
  return Buffer.concat(parts);
}

/** A ClientHello (RFC 8446 section 4.1.2) as message: answered by TLS 1.3 or, without it, 1.2. */
export function helloMessage(wish: HelloWish = {}): Buffer {
  const extensions: Record<number, Buffer | undefined> = {
    [EXTENSION.serverName]: serverNames("web"),
    [EXTENSION.groups]: vector(2, words([X25519, P256])),
    [EXTENSION.pointFormats]: vector(1, Buffer.of(0)),
    [EXTENSION.signatures]: vector(2, words(SIGNATURES)),
    [EXTENSION.versions]: versions(0x0304, 0x0303),
    [EXTENSION.keyShare]: keyShare(randomBytes(32)),
    ...wish.extensions,
  };
  const list = Object.entries(extensions).map(([type, content]) =>
    content === undefined ? Buffer.alloc(0) : helloExtension(Number(type), content),
  );
  return message(
    1,
    words([wish.version ?? 0x0303]),
    randomBytes(32),
    vector(1, randomBytes(32)),
    vector(2, words(wish.ciphers ?? CIPHERS)),
    vector(1, Buffer.from(wish.compression ?? [0])),
    vector(2, ...list, wish.tail ?? Buffer.alloc(0)),
  );
}

/** An extension with its number. */
export function helloExtension(type: number, content: Uint8Array): Buffer {
  return Buffer.concat([words([type]), vector(2, content)]);
}

/** The same as helloMessage(), in records. */
export function clientHello(wish: HelloWish = {}): Buffer {
  return records(RECORD.handshake, helloMessage(wish));
}

/** Without the extensions of TLS 1.3: the version is that of the message. */
export function oldHello(version: number, wish: HelloWish = {}): Buffer {
  const { versions: supported, keyShare: shares } = EXTENSION;
  const extensions = { [supported]: undefined, [shares]: undefined, ...wish.extensions };
  return clientHello({ ...wish, version, extensions });
}

function latin1(text: string | Buffer): Buffer {
  return typeof text === "string" ? Buffer.from(text, "latin1") : text;
}
