import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { ConfigError } from "../base/errors.ts";
import { asFileFlaw, FileFlaw } from "../base/file-flaw.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { FileRule } from "../base/read-small-file.ts";
import { publicKeyBytes, publicKeyText } from "../config/public-key.ts";

/** Larger files hold something else: a key of Ed25519 in PEM has 119 bytes. */
const KEY_RULE: FileRule = { bytesMax: 4_096, others: "nothing" };

/** A key that signs tables. */
export type SigningKey = {
  readonly privateKey: KeyObject;
  /** The text of its public key, which those who follow trust. */
  readonly publicKey: string;
};

/** A key that nobody else has, and its text in PEM (PKCS #8, RFC 8410). */
export function newSigningKey(): SigningKey & { readonly pem: string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  return { privateKey, publicKey: publicTextOf(privateKey), pem };
}

/**
 * Reads a key of Ed25519 from a file of PEM that nobody else may read: `sluice key new` makes it,
 * and so does `openssl genpkey -algorithm ed25519`. `at`: the key of the configuration that names
 * the file. @throws ConfigError, which never quotes the file
 */
export async function readSigningKey(path: string, at: string): Promise<SigningKey> {
  const kind = `a private key of Ed25519 in PEM (${path})`;
  try {
    const privateKey = readPem(await readSmallFile(path, KEY_RULE));
    if (privateKey?.asymmetricKeyType === "ed25519") {
      return { privateKey, publicKey: publicTextOf(privateKey) };
    }
    throw new FileFlaw(kind, privateKey?.asymmetricKeyType ?? "something else");
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, kind);
    throw new ConfigError("the signing key", [{ path: at, wanted, found }]);
  }
}

/** @throws Error when the text is not a public key; see publicKeyBytes() */
export function verifyingKey(publicKey: string): KeyObject {
  const bytes = publicKeyBytes(publicKey);
  if (bytes === undefined)
    throw new Error("Cannot use a public key: wanted one that was checked, found another");
  const x = bytes.toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** undefined: it is none, or wants a passphrase. */
function readPem(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function publicTextOf(privateKey: KeyObject): string {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return publicKeyText(Buffer.from(x, "base64url"));
}
