import { expect, test } from "vitest";
import { certificateNames } from "../../../proxy/transport/certificate-names.ts";
import { makeCertificate } from "../../support/certificates.ts";

const NONE = { dns: [], uris: [] };

test("certificateNames() are those of a certificate, in its order", () => {
  const names = ["URI:spiffe://mesh/a", "DNS:a.example", "IP:127.0.0.1", "DNS:*.b.example"];
  const { der } = makeCertificate({ names });
  expect(certificateNames(der)).toEqual({
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
  const { der } = makeCertificate({ names: ["DNS:a.example"] });
  const shortened = Array.from({ length: der.length }, (_, length) => der.subarray(0, length));
  expect(shortened.map(certificateNames)).toEqual(shortened.map(() => NONE));
});
