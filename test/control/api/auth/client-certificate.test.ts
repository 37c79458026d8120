import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  entryFor,
  readClientCertificate,
} from "../../../../control/api/auth/client-certificate.ts";
import type { CertEntry } from "../../../../control/config/auth-schema.ts";
import { makeCertificate } from "../../../support/certificates.ts";

const ENTRIES = [
  { dns: "ci.example" },
  { uri: "urn:ci" },
  { uri: "spiffe://a/ci" },
] as const satisfies readonly Partial<CertEntry>[];

/** The entry for a certificate with these names, as text. */
function found(names: readonly string[]): string | undefined {
  const { der } = makeCertificate({ subject: "ci.example", names });
  const shown = readClientCertificate(new X509Certificate(der), undefined, () => true);
  const entries = ENTRIES as unknown as readonly CertEntry[];
  const { dns, uri } = entryFor(entries, shown) ?? {};
  return dns ?? uri;
}

describe("entryFor()", () => {
  test.each([
    ["a host, in any case", ["DNS:CI.example"], "ci.example"],
    ["a host among others", ["DNS:a.example", "DNS:ci.example"], "ci.example"],
    ["a URI", ["URI:urn:ci"], "urn:ci"],
    ["a URI among others", ["URI:urn:a", "URI:urn:ci"], "urn:ci"],
    ["a lone SPIFFE ID", ["URI:spiffe://a/ci"], "spiffe://a/ci"],
    ["the first entry of several that fit", ["URI:urn:ci", "DNS:ci.example"], "ci.example"],
  ])("finds by %s", (_, names, entry) => {
    expect(found(names)).toBe(entry);
  });

  test.each([
    ["a common name alone", ["DNS:other.example"]],
    ["a wildcard", ["DNS:*.example"]],
    ["a part of a name", ["DNS:ci.example.net"]],
    ["a URI in another case", ["URI:urn:CI"]],
    // X509-SVID section 2.
    ["a SPIFFE ID that is not alone", ["URI:spiffe://a/ci", "URI:urn:x"]],
    ["a host that is a URI's", ["URI:https://ci.example"]],
  ])("finds nothing by %s", (_, names) => {
    expect(found(names)).toBeUndefined();
  });
});

test("readClientCertificate() passes on what the handshake found, and the end", () => {
  const notAfter = new Date(Date.UTC(2030, 0, 1));
  const { der } = makeCertificate({ names: ["DNS:a", "URI:urn:b"], notAfter });
  const shown = readClientCertificate(new X509Certificate(der), "CERT_REVOKED", () => false);
  expect(shown).toMatchObject({
    flaw: "CERT_REVOKED",
    dns: ["a"],
    uris: ["urn:b"],
    notAfterMs: notAfter.getTime(),
  });
  expect(shown.stands()).toBe(false);
});
