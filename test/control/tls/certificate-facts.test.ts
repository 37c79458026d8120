import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { factsOf, hostsIn, isValidAt } from "../../../control/tls/certificate-facts.ts";
import { createAuthority } from "../../support/authority.ts";
import type { CertificateWish } from "../../support/certificates.ts";

const authority = createAuthority("mesh root");

function certificate(wish: CertificateWish): X509Certificate {
  return new X509Certificate(authority.issue(wish).certPem);
}

describe("factsOf()", () => {
  test("tells who, by whom and until when", () => {
    const notBefore = new Date("2026-01-02T03:04:05Z");
    const notAfter = new Date("2055-01-02T03:04:05Z");
    const made = certificate({ subject: "shop", notBefore, notAfter });
    expect(factsOf(made)).toEqual({
      subject: "CN=shop",
      issuer: "CN=mesh root",
      notBeforeMs: notBefore.getTime(),
      notAfterMs: notAfter.getTime(),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("lets no subject command a terminal, or fill a screen", () => {
    const { subject } = factsOf(certificate({ subject: `\u001b[2J${"x".repeat(400)}` }));
    expect(subject).toMatch(/^CN=[ -~]*…$/);
    expect(subject.length).toBeLessThan(300);
  });
});

test("isValidAt() includes both ends", () => {
  const facts = { ...factsOf(certificate({})), notBeforeMs: 10, notAfterMs: 20 };
  expect([9, 10, 20, 21].map((nowMs) => isValidAt(facts, nowMs))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

describe("hostsIn()", () => {
  test("gives the names that are hosts, in lower case", () => {
    const names = ["DNS:Shop.example", "DNS:*.shop.example", "IP:127.0.0.1", "URI:spiffe://a/b"];
    expect(hostsIn(certificate({ names }))).toEqual(["shop.example", "*.shop.example"]);
  });

  test("takes no name apart, and leaves out what is none", () => {
    expect(hostsIn(certificate({ names: ["DNS:a.b, DNS:evil.example", "DNS:x y"] }))).toEqual([]);
    expect(hostsIn(certificate({ names: [] }))).toEqual([]);
  });
});
