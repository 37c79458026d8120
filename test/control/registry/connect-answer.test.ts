import { describe, expect, test } from "vitest";
import { parseLeaf, parseRoots } from "../../../control/registry/connect-answer.ts";
import { CONSUL_LEAF, CONSUL_ROOTS, OTHER_KEY } from "../../support/connect-answers.ts";

/* Goal: nothing is taken for a certificate of ours or a root that is none. Nothing is quoted. */

function leaf(over: object): string {
  return JSON.stringify({ ...CONSUL_LEAF, ...over });
}

describe("a certificate", () => {
  test("it is read with whom it is for", () => {
    const { id, certPem, keyPem } = parseLeaf("read leaf", leaf({}), "web");
    expect(id).toEqual({
      trustDomain: "15a114cf-c2a2-5fcb-7a84-a39234966ee0.consul",
      partition: "default",
      namespace: "default",
      datacenter: "dc1",
      service: "web",
    });
    expect([certPem, keyPem]).toEqual([CONSUL_LEAF.CertPEM, CONSUL_LEAF.PrivateKeyPEM]);
  });

  test.each([
    ["of another service", leaf({}), "api", "a certificate of somebody else"],
    [
      "of the authority",
      leaf({ CertPEM: CONSUL_ROOTS.Roots[0]?.RootCert }),
      "web",
      "a certificate of somebody else",
    ],
    ["with another key", leaf({ PrivateKeyPEM: OTHER_KEY }), "web", "a key that is not"],
    ["with a key that is none", leaf({ PrivateKeyPEM: "secret" }), "web", "a key that is not"],
    ["that is none", leaf({ CertPEM: "nothing" }), "web", "a certificate that is none"],
    ["without one", leaf({ CertPEM: undefined }), "web", "no certificate"],
    ["without a key", leaf({ PrivateKeyPEM: undefined }), "web", "no certificate"],
  ])("%s is refused", (_, text, service, reason) => {
    const read = (): unknown => parseLeaf("read leaf", text, service);
    expect(read).toThrow(`Cannot read leaf: Consul's answer holds ${reason}`);
    expect(read).not.toThrow(/secret|PRIVATE|BEGIN/);
  });
});

describe("roots", () => {
  test("all of them are trusted, whichever signs", () => {
    const [root] = CONSUL_ROOTS.Roots;
    const two = {
      ...CONSUL_ROOTS,
      TrustDomain: "A.Consul",
      Roots: [root, { ...root, Active: false }],
    };
    const { trustDomain, pem } = parseRoots("read roots", JSON.stringify(two));
    expect(trustDomain).toBe("a.consul");
    expect(pem).toBe(`${root?.RootCert.trim()}\n`.repeat(2));
  });

  test.each([
    ["none", { ...CONSUL_ROOTS, Roots: [] }, "no roots"],
    ["no trust domain", { ...CONSUL_ROOTS, TrustDomain: "" }, "no roots"],
    [
      "one that is none",
      { ...CONSUL_ROOTS, Roots: [{ RootCert: "a" }] },
      "a certificate that is none",
    ],
    [
      "more than anybody has",
      { ...CONSUL_ROOTS, Roots: Array.from({ length: 33 }, () => CONSUL_ROOTS.Roots[0]) },
      "no roots",
    ],
  ])("%s is refused", (_, answer, reason) => {
    expect(() => parseRoots("read roots", JSON.stringify(answer))).toThrow(
      `Cannot read roots: Consul's answer holds ${reason}`,
    );
  });
});
