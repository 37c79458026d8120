import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIPv6 } from "node:net";

/** A certificate, the leaf first where it is a chain, with its private key. */
export type TestCertificate = { readonly certPem: string; readonly keyPem: string };

/** What a certificate says besides its key. */
export type CertificateWish = {
  /** The CN of its subject. */
  readonly subject?: string;
  /** Each as `DNS:shop.example`, `IP:127.0.0.1`, `IP:::1` or `URI:spiffe://mesh/web`. */
  readonly names?: readonly string[];
  /** By default: for a day, beginning an hour ago. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** By default P-256. */
  readonly key?: TestKey;
};

/** What a certificate's key can be. */
export type TestKey = "p256" | "secp256k1" | "rsa1024" | "rsa2048" | "ed25519";

/** Who signs certificates for tests. */
export type Authority = {
  /** Its own certificate, for those who are to trust it. */
  readonly pem: string;
  /** The same with its key. */
  readonly own: TestCertificate;
  /** Signs a certificate for a new key. */
  issue(wish?: CertificateWish): TestCertificate;
  /** An authority below it, whose certificates come as chains. */
  intermediate(subject: string): Authority;
};

/** A new authority that signs itself. */
export function createAuthority(
  subject = "test authority",
  wish: Pick<CertificateWish, "notBefore" | "notAfter"> = {},
): Authority {
  const keys = newKeys();
  const own = { subject, key: keys.privateKey, chain: "" };
  return authorityOf(own, certificate({ ...wish, subject }, keys.publicKey, own, true));
}

type Signer = { readonly subject: string; readonly key: KeyObject; readonly chain: string };

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

function newKeys(kind: TestKey = "p256"): Keys {
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

/** `signer.chain`: what follows each certificate, up to the root but without it. */
function authorityOf(signer: Signer, pem: string): Authority {
  return {
    pem,
    own: { certPem: pem, keyPem: pemOf(signer.key) },
    issue(wish = {}) {
      const { publicKey, privateKey } = newKeys(wish.key);
      const certPem = certificate(wish, publicKey, signer, false) + signer.chain;
      return { certPem, keyPem: pemOf(privateKey) };
    },
    intermediate(subject) {
      const { publicKey, privateKey } = newKeys();
      const own = certificate({ subject }, publicKey, signer, true);
      return authorityOf({ subject, key: privateKey, chain: own + signer.chain }, own);
    },
  };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" });
}

const HOUR_MS = 3_600_000;

/** RFC 5280 section 4.1. */
function certificate(
  wish: CertificateWish,
  publicKey: KeyObject,
  signer: Signer,
  isAuthority: boolean,
): string {
  const { subject = "test", names = [] } = wish;
  const notBefore = wish.notBefore ?? new Date(Date.now() - HOUR_MS);
  const notAfter = wish.notAfter ?? new Date(Date.now() + 24 * HOUR_MS);
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const content = sequence(
    tagged(0xa0, integer(2)),
    // Positive, and not empty.
    tagged(0x02, Buffer.concat([Buffer.from([0x4a]), randomBytes(15)])),
    algorithm,
    commonName(signer.subject),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(names, isAuthority))),
  );
  const signature = sign("sha256", content, signer.key);
  const whole = sequence(content, algorithm, tagged(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Basic constraints, key usage and names (RFC 5280 section 4.2.1). */
function extensions(names: readonly string[], isAuthority: boolean): readonly Buffer[] {
  const constraints = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence();
  // keyCertSign and cRLSign, or digitalSignature: bits from the left, after how many are unused.
  const usage = tagged(0x03, Buffer.from(isAuthority ? [1, 0x06] : [7, 0x80]));
  return [
    extension("551d13", constraints, true),
    extension("551d0f", usage, true),
    ...(names.length === 0 ? [] : [extension("551d11", sequence(...names.map(generalName)))]),
  ];
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [tagged(0x01, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...critical, tagged(0x04, value));
}

function generalName(name: string): Buffer {
  const [, kind, value = ""] = /^(DNS|URI|IP):(.*)$/.exec(name) ?? [];
  if (kind === "IP") return tagged(0x87, addressBytes(value));
  if (kind !== undefined) return tagged(kind === "DNS" ? 0x82 : 0x86, Buffer.from(value));
  throw new Error(`Cannot name a certificate: wanted DNS:, URI: or IP:, found ${name}`);
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const [before, after] = [head, tail].map((part) => part.split(":").filter((each) => each !== ""));
  const zeros = Array.from({ length: 8 - (before?.length ?? 0) - (after?.length ?? 0) }, () => "0");
  const groups = [...(before ?? []), ...zeros, ...(after ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function commonName(text: string): Buffer {
  const attribute = sequence(oid("550403"), tagged(0x0c, Buffer.from(text)));
  return sequence(tagged(0x31, attribute));
}

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
function time(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]|\.\d+/g, "");
  const isShort = at.getUTCFullYear() < 2050;
  return tagged(isShort ? 0x17 : 0x18, Buffer.from(isShort ? text.slice(2) : text));
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.from([value]));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

/** A value of DER: its tag, its length, its content (X.690 section 8.1). */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, content]);
}
