import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP, SocketAddress } from "node:net";

/** What a certificate says. Everything has a default that verifies. */
export type CertificateWish = {
  /** Its common name. */
  readonly subject?: string;
  /** SANs as OpenSSL writes them: `DNS:shop.example`, `IP:127.0.0.1`, `URI:spiffe://mesh/a`. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Who signs it. Absent: itself. */
  readonly issuer?: TestCertificate;
  readonly isCa?: boolean;
  /** Absent: both. */
  readonly usage?: "server" | "client";
  readonly key?: TestKey;
};

/** What a certificate's key can be. */
export type TestKey = "p256" | "secp256k1" | "rsa1024" | "rsa2048" | "ed25519";

/** A certificate with its private key. */
export type TestCertificate = {
  readonly subject: string;
  /** Alone, without its issuer. */
  readonly certPem: string;
  /** With its issuers up to the root, leaf first, as servers send it. */
  readonly chainPem: string;
  readonly keyPem: string;
  readonly der: Buffer;
};

const DAY_MS = 86_400_000;

/** Makes a certificate as X.509 has it (RFC 5280 section 4.1), with a key of its own. */
export function makeCertificate(wish: CertificateWish = {}): TestCertificate {
  const { subject = "test", issuer } = wish;
  const { privateKey, publicKey } = keyPair(wish.key ?? "p256");
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.keyPem);
  const algorithm = signatureAlgorithm(signer);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    nameOf(issuer?.subject ?? subject),
    sequence(
      time(wish.notBefore ?? new Date(Date.now() - DAY_MS)),
      time(wish.notAfter ?? new Date(Date.now() + 365 * DAY_MS)),
    ),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...extensions(wish))),
  );
  const der = sequence(body, algorithm, bits(sign("sha256", body, signer)));
  const certPem = pem("CERTIFICATE", der);
  return {
    subject,
    certPem,
    chainPem: certPem + (issuer?.chainPem ?? ""),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
    der,
  };
}

/** A root that signs. */
export function makeAuthority(subject = "test root", wish: CertificateWish = {}): TestCertificate {
  return makeCertificate({ ...wish, subject, isCa: true });
}

/** A certificate whose chain, up to this root, has so many: at least 2. */
export function makeChain(
  certificates: number,
  root: TestCertificate,
  wish: CertificateWish = {},
): TestCertificate {
  let issuer = root;
  for (let each = 2; each < certificates; each += 1) {
    issuer = makeAuthority(`authority ${each}`, { issuer });
  }
  return makeCertificate({ ...wish, issuer });
}

/** Names that make a certificate longer than so many bytes. */
export function manyNames(bytes: number): readonly string[] {
  const name = (index: number): string => `DNS:${"n".repeat(60)}.${index}.example`;
  return Array.from({ length: Math.ceil(bytes / 60) }, (_, index) => name(index));
}

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

function keyPair(kind: TestKey): Keys {
  switch (kind) {
    case "p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "secp256k1":
      return generateKeyPairSync("ec", { namedCurve: "secp256k1" });
    case "ed25519":
      return generateKeyPairSync("ed25519");
    case "rsa1024":
    case "rsa2048":
      return generateKeyPairSync("rsa", { modulusLength: Number(kind.slice("rsa".length)) });
  }
}

function extensions({ isCa = false, names = [], usage }: CertificateWish): Buffer[] {
  const usages = [
    ...(usage === "client" ? [] : ["1.3.6.1.5.5.7.3.1"]),
    ...(usage === "server" ? [] : ["1.3.6.1.5.5.7.3.2"]),
  ];
  const constraints = extension("2.5.29.19", sequence(...(isCa ? [tlv(1, [0xff])] : [])), true);
  if (isCa) return [constraints, extension("2.5.29.15", tlv(3, [1, 0x06]), true)];
  return [
    constraints,
    extension("2.5.29.37", sequence(...usages.map(oid))),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names.map(generalName)))]),
  ];
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(1, [0xff])] : []), tlv(4, value));
}

function generalName(name: string): Buffer {
  const colon = name.indexOf(":");
  const value = name.slice(colon + 1);
  switch (name.slice(0, colon)) {
    case "DNS":
      return tlv(0x82, Buffer.from(value, "latin1"));
    case "URI":
      return tlv(0x86, Buffer.from(value, "latin1"));
    case "IP":
      return tlv(0x87, addressBytes(value));
    default:
      throw new Error(`Cannot make a certificate: unknown kind of name in ${name}`);
  }
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const full = new SocketAddress({ address, family: "ipv6" }).address;
  const [before = "", after] = full.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const groups = after === undefined ? head : [...head, ...gap, ...tail];
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, "0"), "hex")));
}

function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === "rsa"
    ? sequence(oid("1.2.840.113549.1.1.11"), tlv(5, []))
    : sequence(oid("1.2.840.10045.4.3.2"));
}

function nameOf(commonName: string): Buffer {
  const value = tlv(12, Buffer.from(commonName, "utf8"));
  return sequence(tlv(0x31, sequence(oid("2.5.4.3"), value)));
}

/** GeneralizedTime for everything: OpenSSL reads it before 2050 too. */
function time(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return tlv(24, Buffer.from(`${text}Z`, "latin1"));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return tlv(6, [first * 40 + second, ...rest.flatMap(base128)]);
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function integer(bytes: Buffer): Buffer {
  return tlv(2, bytes);
}

function bits(bytes: Buffer): Buffer {
  return tlv(3, Buffer.concat([Buffer.from([0]), bytes]));
}

function explicit(tag: number, content: Buffer): Buffer {
  return tlv(0xa0 | tag, content);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, content: Buffer | readonly number[]): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(bytes.length)]), bytes]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
