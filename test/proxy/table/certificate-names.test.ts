import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { certificateNames } from "../../../proxy/table/certificate-names.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { altName, altNames, certificate, derValue, extension } from "../../support/der.ts";

/*
 * Goal: the names of a certificate from its DER, or none: nothing in a hostile one passes for them.
 * Certificates are written here byte by byte; one is a leaf that a real Consul 1.8.7 has issued.
 */

const NONE = { dns: [], uris: [] };

test("certificateNames() are those of a certificate, in its order", () => {
  const names = ["URI:spiffe://mesh/a", "DNS:a.example", "IP:127.0.0.1", "DNS:*.b.example"];
  const { der: made } = makeCertificate({ names });
  expect(certificateNames(made)).toEqual({
    dns: ["a.example", "*.b.example"],
    uris: ["spiffe://mesh/a"],
  });
  expect(certificateNames(makeCertificate().der)).toEqual(NONE);
});

test("certificateNames() does not take a name for two, nor one that hides something", () => {
  const trick = "DNS:a.example, DNS:victim.example";
  for (const name of [trick, "DNS:victim.example\0.evil", "URI:spiffe://mesh/\u00e4", "DNS: "]) {
    expect(certificateNames(makeCertificate({ names: [name, "DNS:own.example"] }).der)).toEqual(
      NONE,
    );
  }
});

test("certificateNames() never reads past what is there, wherever it ends", () => {
  const { der: made } = makeCertificate({ names: ["DNS:a.example"] });
  const shortened = Array.from({ length: made.length }, (_, length) => made.subarray(0, length));
  expect(shortened.map(certificateNames)).toEqual(shortened.map(() => NONE));
});

const WEB = "spiffe://a.consul/ns/default/dc/dc1/svc/web";
const URI = altName(6, WEB);
const BASIC_CONSTRAINTS = extension([0x55, 0x1d, 0x13], derValue(0x30), true);

const LEAF = `-----BEGIN CERTIFICATE-----
MIICPTCCAeOgAwIBAgIBCDAKBggqhkjOPQQDAjAwMS4wLAYDVQQDEyVwcmktbzYx
aWtoZC5jb25zdWwuY2EuMTVhMTE0Y2YuY29uc3VsMB4XDTI2MTEyOTEzMDc1NloX
DTI2MTIwMjEzMDc1NlowKjEoMCYGA1UEAxMfd2ViLnN2Yy5kZWZhdWx0LjE1YTEx
NGNmLmNvbnN1bDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHcscG7rwjYGqIsu
ZadOas2yG7bRx5asn3R9nIhPtM6aWH2bereLqVAO47kpOrNsDxEAOJj6HQFDP7x6
6aGiqeejgfMwgfAwDgYDVR0PAQH/BAQDAgO4MB0GA1UdJQQWMBQGCCsGAQUFBwMC
BggrBgEFBQcDATAMBgNVHRMBAf8EAjAAMCkGA1UdDgQiBCD7xp8mKC8ErQui+v7J
YMKVL7vmHVgBzEojbxbdRG4tyzArBgNVHSMEJDAigCAhXW8twg8yqWAlvMDNeOBH
Qz1cmC99T3zLZCLPKsBbsTBZBgNVHREEUjBQhk5zcGlmZmU6Ly8xNWExMTRjZi1j
MmEyLTVmY2ItN2E4NC1hMzkyMzQ5NjZlZTAuY29uc3VsL25zL2RlZmF1bHQvZGMv
ZGMxL3N2Yy93ZWIwCgYIKoZIzj0EAwIDSAAwRQIhAMdSNbtwhwcYFbC0ZzFa3U/X
UTkdrLRRBtwV06yNelW6AiBVd6buEXVkODsLY1uOAnh6AUX3fy5UYSjxzC040Tck
Ug==
-----END CERTIFICATE-----
`;

/** The only URI. undefined: there is none, or are several. */
function uriIn(der: Buffer): string | undefined {
  const { uris } = certificateNames(der);
  return uris.length === 1 ? uris[0] : undefined;
}

describe("certificateNames() of one with a URI", () => {
  test("a leaf of a real Consul has one", () => {
    expect(uriIn(new X509Certificate(LEAF).raw)).toBe(
      "spiffe://15a114cf-c2a2-5fcb-7a84-a39234966ee0.consul/ns/default/dc/dc1/svc/web",
    );
  });

  test.each([
    ["alone", [altNames([URI])]],
    ["critical, behind another extension", [BASIC_CONSTRAINTS, altNames([URI], true)]],
    [
      "beside names of other kinds",
      [altNames([altName(2, "web.internal"), URI, altName(1, "a@b")])],
    ],
    ["a long one", [altNames([altName(2, "a".repeat(70_000)), URI])]],
  ])("it is found %s", (_, extensions) => {
    expect(uriIn(certificate(extensions))).toBe(WEB);
  });

  test.each([
    ["no extension", []],
    ["no subjectAltName", [BASIC_CONSTRAINTS]],
    ["no names", [altNames([])]],
    ["only a DNS name that looks like one", [altNames([altName(2, WEB)])]],
    ["a DNS name that holds one", [altNames([altName(2, `web, URI:${WEB}`)])]],
    ["two URIs", [altNames([URI, altName(6, WEB.replace("web", "api"))])]],
    ["the same URI twice", [altNames([URI, URI])]],
    ["two subjectAltNames", [altNames([URI]), altNames([altName(2, "web")])]],
    ["a NUL in it", [altNames([altName(6, `${WEB}\0.evil`)])]],
    ["a line end in it", [altNames([altName(6, `${WEB}\n`)])]],
    ["a byte that is not ASCII", [altNames([altName(6, `${WEB}\u00e9`)])]],
    ["nothing in it", [altNames([altName(6, "")])]],
    ["an extension of another id", [extension([0x55, 0x1d, 0x12], derValue(0x30, URI))]],
    ["names that are no list", [extension([0x55, 0x1d, 0x11], URI)]],
    [
      "something behind the list",
      [extension([0x55, 0x1d, 0x11], Buffer.concat([derValue(0x30, URI), URI]))],
    ],
    ["a URI made of parts", [altNames([derValue(0xa6, altName(6, WEB))])]],
    [
      "more names than anybody needs",
      [altNames([URI, ...Array.from({ length: 1_024 }, () => altName(2, "a"))])],
    ],
  ])("%s: none", (_, extensions) => {
    expect(uriIn(certificate(extensions))).toBeUndefined();
  });

  test("a certificate that is cut or has something behind it has none", () => {
    const whole = certificate([altNames([URI])]);
    for (let length = 0; length < whole.length; length += 1) {
      expect(uriIn(whole.subarray(0, length))).toBeUndefined();
    }
    expect(uriIn(Buffer.concat([whole, Buffer.from([0])]))).toBeUndefined();
  });

  test("any byte changed gives the URI, another URI or none, and never throws", () => {
    const whole = certificate([BASIC_CONSTRAINTS, altNames([URI])]);
    for (let at = 0; at < whole.length; at += 1) {
      for (const to of [0x00, 0x1f, 0x7f, 0x80, 0x84, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = to;
        const found = uriIn(changed);
        const isInUri = at >= whole.indexOf(WEB) && at < whole.indexOf(WEB) + WEB.length;
        expect(found === undefined || found === WEB || isInUri).toBe(true);
      }
    }
  });

  test("a length that is not the shortest is refused: DER has one way to write it", () => {
    const whole = certificate([altNames([URI])]);
    const padded = Buffer.concat([Buffer.from([0x30, 0x83, 0x00]), whole.subarray(2)]);
    expect(whole[1]).toBe(0x82);
    expect(uriIn(padded)).toBeUndefined();
    const endless = Buffer.concat([Buffer.from([0x30, 0x80]), whole.subarray(4), Buffer.alloc(2)]);
    expect(uriIn(endless)).toBeUndefined();
  });
});
