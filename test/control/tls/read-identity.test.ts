import { createPrivateKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readIdentity } from "../../../control/tls/read-identity.ts";
import { createAuthority } from "../../support/authority.ts";

const root = createAuthority("root");
const middle = root.intermediate("middle");
const leaf = middle.issue({ subject: "leaf" });
const other = root.issue({ subject: "other" });

function refusal(certPem: string, keyPem: string): string {
  try {
    readIdentity(certPem, keyPem);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("readIdentity()", () => {
  test("takes a chain with its key, and nothing else that stands in the files", () => {
    const read = readIdentity(`text\n${leaf.certPem}${root.pem}`, `Bag\n${leaf.keyPem}`);
    expect(read.certPem).toBe(`${leaf.certPem}${root.pem}`);
    expect(read.keyPem).toBe(leaf.keyPem);
    expect(read.leaf.subject).toBe("CN=leaf");
    expect(read.warnings).toEqual([]);
  });

  test("takes both from one file, and gives the key only where it belongs", () => {
    const both = `${leaf.keyPem}${leaf.certPem}`;
    const read = readIdentity(both, both);
    expect(read.certPem).not.toContain("PRIVATE");
    expect(read.keyPem).not.toContain("CERTIFICATE");
  });

  test("takes a lone certificate that has signed itself, and says so", () => {
    const { certPem, keyPem } = root.own;
    expect(readIdentity(certPem, keyPem).warnings).toEqual([
      "it has signed itself, so that only who pins it can trust it",
    ]);
  });

  test.each(["rsa2048", "ed25519"] as const)("takes a key of %s", (key) => {
    const { certPem, keyPem } = root.issue({ key });
    expect(refusal(certPem, keyPem)).toBe("");
  });

  test("refuses a key that does not fit", () => {
    expect(refusal(leaf.certPem, other.keyPem)).toBe(
      "wanted the key of the chain's first certificate, found another key",
    );
  });

  test.each([
    ["no certificate", "", leaf.keyPem, "wanted 1 to 10 certificates in PEM, found 0"],
    ["too many", other.certPem.repeat(11), other.keyPem, "certificates in PEM, found 11"],
    [
      "the issuer first",
      `${middle.pem}${other.certPem}`,
      other.keyPem,
      "each is issued by the next".replace("each", "each certificate"),
    ],
    ["an authority", middle.pem, middle.own.keyPem, "wanted a leaf first, found a certification"],
    [
      "an authority with its own",
      `${middle.pem}${root.pem}`,
      middle.own.keyPem,
      "wanted a leaf first",
    ],
    [
      "a stranger behind it",
      `${other.certPem}${createAuthority("root").pem}`,
      other.keyPem,
      "found number 2 not to be the issuer of the one before",
    ],
    ["half a certificate", leaf.certPem.slice(0, 200), leaf.keyPem, "in PEM, found 0"],
    [
      "nonsense",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      leaf.keyPem,
      "wanted a certificate that can be read (number 1 of the file)",
    ],
    ["no key", leaf.certPem, leaf.certPem, "wanted one private key in PEM, found none"],
    ["two keys", leaf.certPem, leaf.keyPem.repeat(2), "wanted one private key in PEM, found 2"],
    [
      "a broken key",
      leaf.certPem,
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "wanted a private key that can be read, found ERR_OSSL",
    ],
  ])("refuses %s", (_name, certPem, keyPem, wanted) => {
    expect(refusal(certPem, keyPem)).toContain(wanted);
  });

  test("refuses a key with a passphrase, in both forms", () => {
    const key = createPrivateKey(leaf.keyPem);
    const lock = { cipher: "aes-256-cbc", passphrase: "hush" } as const;
    const pkcs8 = key.export({ type: "pkcs8", format: "pem", ...lock });
    const sec1 = key.export({ type: "sec1", format: "pem", ...lock });
    for (const locked of [pkcs8, sec1]) {
      expect(refusal(leaf.certPem, locked)).toBe(
        "wanted a key without a passphrase, found an encrypted one",
      );
    }
  });

  test.each([
    ["rsa1024", "wanted an RSA key of 2048 to 8192 bits, found 1024"],
    ["secp256k1", "wanted a key on P-256, P-384 or P-521, found secp256k1"],
  ] as const)("refuses a key of %s", (key, wanted) => {
    const { certPem, keyPem } = root.issue({ key });
    expect(refusal(certPem, keyPem)).toBe(wanted);
  });

  test("never quotes a key", () => {
    const body = leaf.keyPem.split("\n")[1] ?? "";
    const broken = leaf.keyPem.replace(body, `${body.slice(0, -4)}!!!!`);
    for (const text of [refusal(leaf.certPem, broken), refusal(other.certPem, leaf.keyPem)]) {
      expect(text).not.toBe("");
      expect(text).not.toContain(body.slice(0, 8));
    }
  });
});
