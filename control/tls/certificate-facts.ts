import type { X509Certificate } from "node:crypto";
import { visibleText } from "../../proxy/base/visible-text.ts";
import { canonicalHost } from "../config/address.ts";

/** Longest subject or issuer that is shown. */
const TEXT_MAX = 256;

/** What people want to know about a certificate. None of it is secret. */
export type CertificateFacts = {
  /** As `CN=shop.example, O=Shop`. */
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since the Unix epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the DER form, in lower-case hex. */
  readonly fingerprint: string;
};

/** Reads the facts of a certificate. */
export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: inOneLine(certificate.subject),
    issuer: inOneLine(certificate.issuer),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** Whether a certificate is valid at a time. */
export function isValidAt(facts: CertificateFacts, nowMs: number): boolean {
  return facts.notBeforeMs <= nowMs && nowMs <= facts.notAfterMs;
}

/** The hosts that a certificate is for, exact and `*.`, by its SANs alone (RFC 9110 4.3.4). */
export function hostsIn({ subjectAltName = "" }: X509Certificate): readonly string[] {
  // Node puts odd names in quotation marks; those are no hosts.
  const names = subjectAltName.split(", ").filter((each) => each.startsWith("DNS:"));
  return names.flatMap((each) => {
    const name = each.slice("DNS:".length);
    const isWild = name.startsWith("*.");
    const host = canonicalHost(isWild ? name.slice(2) : name);
    if (host === undefined) return [];
    return [isWild ? `*.${host}` : host];
  });
}

function inOneLine(text = ""): string {
  const line = visibleText(text.trim().replaceAll("\n", ", "));
  return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX)}…` : line;
}
