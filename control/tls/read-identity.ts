import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { nodeTls } from "../../proxy/base/node-tls.ts";
import { CHAIN_CERTIFICATES_MAX } from "../../proxy/base/peer-chain.ts";
import { asFileFlaw, FileFlaw } from "../base/file-flaw.ts";
import { certificateBlocks, keyBlocks } from "./pem.ts";

/** Weaker RSA can be broken (NIST SP 800-131A); stronger costs 50 times as much per handshake. */
const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 8192;

/** Curves that TLS 1.3 has signatures for (RFC 8446 section 4.2.3). */
const CURVES: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);

/** Hashes whose signatures can be forged, or nearly (RFC 9155). */
const WEAK_HASH = /md5|sha1/i;

/** A chain and the key that belongs to it. */
export type ReadIdentity = {
  /** The chain alone, leaf first. */
  readonly certPem: string;
  /** The key alone. Secret. */
  readonly keyPem: string;
  readonly leaf: X509Certificate;
  /** Flaws that do not prevent its use. */
  readonly warnings: readonly string[];
};

/**
 * Reads a chain and its key. Does not check whether they are valid now.
 * @throws FileFlaw
 */
export function readIdentity(chainText: string, keyText: string): ReadIdentity {
  const blocks = certificateBlocks(chainText);
  const chain = readChain(blocks);
  const [leaf] = chain as [X509Certificate];
  const { key, keyPem } = readKey(keyText);
  checkStrength(leaf);
  if (!leaf.checkPrivateKey(key)) {
    throw new FileFlaw("the key of the chain's first certificate", "another key");
  }
  const certPem = blocks.join("");
  checkUsable(certPem, keyPem);
  return { certPem, keyPem, leaf, warnings: warningsOf(leaf) };
}

function readChain(blocks: readonly string[]): readonly X509Certificate[] {
  const max = CHAIN_CERTIFICATES_MAX;
  if (blocks.length === 0 || blocks.length > max) {
    throw new FileFlaw(`1 to ${max} certificates in PEM`, `${blocks.length}`);
  }
  const chain = blocks.map((block, index) => readCertificate(block, index));
  for (const [index, certificate] of chain.entries()) checkPlace(certificate, index, chain);
  return chain;
}

/** Reads one certificate. `index`: its place in the file. @throws FileFlaw */
export function readCertificate(block: string, index: number): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (error) {
    throw asFileFlaw(error, `a certificate that can be read (number ${index + 1} of the file)`);
  }
}

/** Each must be issued by the next, and the first must be no authority. */
function checkPlace(
  certificate: X509Certificate,
  index: number,
  chain: readonly X509Certificate[],
): void {
  const next = chain[index + 1];
  if (next !== undefined && !isIssuedBy(certificate, next)) {
    const wanted = "a chain in which each certificate is issued by the next, the leaf first";
    throw new FileFlaw(wanted, `number ${index + 2} not to be the issuer of the one before`);
  }
  if (WEAK_HASH.test(signatureOf(certificate)) && !isSelfIssued(certificate)) {
    const found = `${signatureOf(certificate)} (number ${index + 1})`;
    throw new FileFlaw("certificates signed with SHA-256 or better", found);
  }
  // A lone certificate that signs itself is what people try TLS with.
  if (index > 0 || !certificate.ca || (chain.length === 1 && isSelfIssued(certificate))) return;
  throw new FileFlaw("a leaf first", "a certification authority's own certificate");
}

function signatureOf({ signatureAlgorithm = "" }: X509Certificate): string {
  return signatureAlgorithm;
}

function isSelfIssued(certificate: X509Certificate): boolean {
  return isIssuedBy(certificate, certificate);
}

/** By name and signature: an authority that has changed its key keeps its name. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function readKey(text: string): { readonly key: KeyObject; readonly keyPem: string } {
  const [block, ...others] = keyBlocks(text);
  if (block === undefined || others.length > 0) {
    const found = block === undefined ? "none" : `${others.length + 1}`;
    throw new FileFlaw("one private key in PEM", found);
  }
  if (block.label.startsWith("ENCRYPTED") || block.text.includes("Proc-Type: 4,ENCRYPTED")) {
    throw new FileFlaw("a key without a passphrase", "an encrypted one");
  }
  try {
    return { key: createPrivateKey(block.text), keyPem: block.text };
  } catch (error) {
    throw asFileFlaw(error, "a private key that can be read");
  }
}

function checkStrength({ publicKey }: X509Certificate): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  const { modulusLength: bits = 0, namedCurve = "unknown" } = details ?? {};
  if (type === "rsa" || type === "rsa-pss") {
    if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) return;
    const wanted = `an RSA key of ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits`;
    throw new FileFlaw(wanted, `${bits}`);
  }
  if (type === "ec") {
    if (CURVES.has(namedCurve)) return;
    throw new FileFlaw("a key on P-256, P-384 or P-521", namedCurve);
  }
  if (type === "ed25519" || type === "ed448") return;
  throw new FileFlaw("an RSA, EC or EdDSA key", type ?? "another");
}

/** Does what workers will do with it: none of them may refuse what we hold. */
function checkUsable(cert: string, key: string): void {
  try {
    nodeTls().createSecureContext({ cert, key, ca: [] });
  } catch (error) {
    throw asFileFlaw(error, "a certificate and key that OpenSSL takes");
  }
}

function warningsOf(leaf: X509Certificate): readonly string[] {
  const isSelfSigned = isSelfIssued(leaf);
  return isSelfSigned ? ["it has signed itself, so that only who pins it can trust it"] : [];
}
