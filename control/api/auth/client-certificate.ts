import type { X509Certificate } from "node:crypto";
import { certificateNames } from "../../../proxy/table/certificate-names.ts";
import type { CertEntry } from "../../config/auth-schema.ts";

/** The certificate that a client has shown in its handshake. */
export type ClientCertificate = {
  /** Why its chain does not verify, as OpenSSL calls it. undefined: it does. */
  readonly flaw: string | undefined;
  /** Its SANs, as they are in it. */
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  /** Until when it is valid, as wall clock in ms. */
  readonly notAfterMs: number;
  /** Whether the roots that it was verified by are still the ones in use. */
  stands(): boolean;
};

/** Reads a certificate's names. Nothing in it counts unless its chain verifies. */
export function readClientCertificate(
  certificate: X509Certificate,
  flaw: string | undefined,
  stands: () => boolean,
): ClientCertificate {
  const { uris, dns } = certificateNames(certificate.raw);
  return { flaw, uris, dns, notAfterMs: certificate.validToDate.getTime(), stands };
}

/** A certificate with a SPIFFE ID may have no other URI (X509-SVID section 2). */
const SPIFFE = "spiffe://";

/**
 * The first entry that a certificate matches, by a SAN that is exactly the entry's: common names
 * and wildcards do not count. undefined: none.
 */
export function entryFor(
  entries: readonly CertEntry[],
  { uris, dns }: ClientCertificate,
): CertEntry | undefined {
  const hosts = dns.map((name) => name.toLowerCase());
  return entries.find((entry) => {
    if (entry.dns !== undefined) return hosts.includes(entry.dns);
    const { uri = "" } = entry;
    return uri.startsWith(SPIFFE) ? uris.length === 1 && uris[0] === uri : uris.includes(uri);
  });
}
