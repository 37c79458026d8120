import type { X509Certificate } from "node:crypto";
import { certificateNames } from "../../../proxy/table/certificate-names.ts";
import type { CertEntry } from "../../config/auth-schema.ts";

/** The certificate that a client has shown in its handshake. */
export type ClientCertificate = {
  /** Why its chain does not verify, in OpenSSL's words. undefined: it does. */
  readonly flaw: string | undefined;
  /** Its SANs, as they are in it. */
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  /** Until when it is valid, as wall clock in ms. */
  readonly notAfterMs: number;
  /** Whether the roots that it was verified against are still those that count. */
  stands(): boolean;
};

/** Reads the names of a certificate. Nothing of it counts unless its chain verifies. */
export function readClientCertificate(
  certificate: X509Certificate,
  flaw: string | undefined,
  stands: () => boolean,
): ClientCertificate {
  const { uris, dns } = certificateNames(certificate.raw);
  return { flaw, uris, dns, notAfterMs: certificate.validToDate.getTime(), stands };
}

/** SPIFFE: a certificate with such a name has one URI (X509-SVID section 2). */
const SPIFFE = "spiffe://";

/**
 * The first entry that a certificate is for, by a SAN that is exactly the entry's: a common name or
 * a wildcard counts for nothing. undefined: none.
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
