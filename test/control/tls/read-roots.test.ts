import { describe, expect, test } from "vitest";
import { readRoots } from "../../../control/tls/read-roots.ts";
import { createAuthority } from "../../support/authority.ts";

const one = createAuthority("one");
const two = createAuthority("two");

describe("readRoots()", () => {
  test("takes all certificates of the file, and nothing else", () => {
    const { pem, roots } = readRoots(`# mesh\n${one.pem}\n# old\n${two.pem}`);
    expect(pem).toBe(`${one.pem}${two.pem}`);
    expect(roots.map(({ subject }) => subject)).toEqual(["CN=one", "CN=two"]);
  });

  test.each([
    ["none", "", "wanted 1 to 512 certificates in PEM, found 0"],
    [
      "a leaf, which would let nobody in",
      `${one.pem}${one.issue().certPem}`,
      "wanted certificates of certification authorities, found a leaf (number 2)",
    ],
    ["a key beside them", `${one.pem}${one.own.keyPem}`, "wanted roots alone, found a private key"],
    [
      "one that cannot be read",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "wanted a certificate that can be read",
    ],
  ])("refuses %s", (_name, text, wanted) => {
    expect(() => readRoots(text)).toThrow(wanted);
  });
});
