import type { X509Certificate } from "node:crypto";

/**
 * Certificates of a chain, in files of ours and from peers. Public chains have 4, each is sent in
 * every full handshake, and each costs whoever verifies it.
 */
export const CHAIN_CERTIFICATES_MAX = 10;

/**
 * Bytes of a peer's chain in DER: 10 certificates of RSA 4096 have 20 KiB, 4 of ML-DSA-87 have 30.
 * OpenSSL itself takes 100 KiB, whatever is in them.
 */
export const CHAIN_BYTES_MAX = 32 * 1024;

/** How OpenSSL, and who asks isChainTooLong(), names a chain that nobody verifies to its end. */
export const CHAIN_TOO_LONG = "CERT_CHAIN_TOO_LONG";

/**
 * Whether a peer has sent more than we take. `chain`: its certificates in DER, of which no more are
 * asked for than it takes to know.
 */
export function isChainTooLong(chain: Iterable<Uint8Array>): boolean {
  let certificates = 0;
  let bytes = 0;
  for (const der of chain) {
    certificates += 1;
    bytes += der.byteLength;
    if (certificates > CHAIN_CERTIFICATES_MAX || bytes > CHAIN_BYTES_MAX) return true;
  }
  return false;
}

/** What a peer has sent, in DER, the leaf first. undefined: nothing. */
export function* sentChain(leaf: X509Certificate | undefined): Generator<Uint8Array> {
  for (let each = leaf; each !== undefined; each = each.issuerCertificate) yield each.raw;
}
