import { expect, test } from "vitest";
import {
  chainProblem,
  identityOf,
  PeerCertificateError,
  serverProblem,
} from "../../../proxy/transport/peer-certificate.ts";
import type { TlsFacts } from "../../../proxy/transport/tls-facts.ts";
import { makeCertificate } from "../../support/certificates.ts";

const NOW_MS = Date.now();
const FACTS: TlsFacts = {
  serverName: "",
  protocol: "TLSv1.3",
  alpn: "",
  resumed: false,
  peerDer: undefined,
  chainError: undefined,
};

function factsOf(names: readonly string[], more: Partial<TlsFacts> = {}): TlsFacts {
  return { ...FACTS, peerDer: makeCertificate({ subject: "cn.example", names }).der, ...more };
}

test.each([
  [["DNS:a.example"], "a.example", undefined],
  [["DNS:*.b.example"], "a.b.example", undefined],
  [["DNS:*.b.example"], "a.a.b.example", "wrong-name"],
  [["DNS:*.example"], "a.example", "wrong-name"],
  [["DNS:a.example"], "b.example", "wrong-name"],
  [["DNS:a*.example"], "ab.example", "wrong-name"],
  [["IP:127.0.0.1"], "127.0.0.1", undefined],
  [["IP:::1"], "::1", undefined],
  [["DNS:127.0.0.1"], "127.0.0.1", "wrong-name"],
  [[], "cn.example", "wrong-name"],
  [["URI:https://a.example"], "a.example", "wrong-name"],
] as const)("serverProblem() of %j for %s is %s", (names, name, problem) => {
  const found = serverProblem(factsOf(names), { name, sans: [] }, NOW_MS);
  expect(found?.problem).toBe(problem);
});

test.each([
  [["URI:spiffe://mesh/a"], ["spiffe://mesh/b", "spiffe://mesh/a"], undefined],
  [["URI:spiffe://mesh/a"], ["spiffe://mesh/A"], "wrong-name"],
  [["URI:spiffe://mesh/a", "URI:spiffe://mesh/b"], ["spiffe://mesh/a"], "wrong-name"],
  [["URI:https://a", "URI:https://b"], ["https://a"], undefined],
  [["DNS:A.example"], ["a.EXAMPLE"], undefined],
  [["DNS:*.example"], ["a.example"], "wrong-name"],
  [["DNS:a.example"], ["spiffe://mesh/a"], "wrong-name"],
] as const)("serverProblem() of %j, which must have one of %j, is %s", (names, sans, problem) => {
  const found = serverProblem(factsOf(names), { name: "a.example", sans }, NOW_MS);
  expect(found?.problem).toBe(problem);
});

test.each([
  ["CERT_HAS_EXPIRED", "expired"],
  ["CERT_NOT_YET_VALID", "not-yet-valid"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "untrusted"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "untrusted"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "untrusted"],
  ["CERT_CHAIN_TOO_LONG", "too-long"],
  ["INVALID_PURPOSE", "invalid"],
  ["SOMETHING_NEW", "invalid"],
] as const)("chainProblem() and serverProblem() of %s is %s", (chainError, problem) => {
  const facts = factsOf(["DNS:a.example"], { chainError });
  const found = chainProblem(facts, NOW_MS);
  expect([found?.problem, found?.message.includes(chainError)]).toEqual([problem, true]);
  expect(found).toBeInstanceOf(PeerCertificateError);
  expect(serverProblem(facts, { name: "a.example", sans: [] }, NOW_MS)?.problem).toBe(problem);
});

test("serverProblem() is missing without a certificate, unless a session was resumed", () => {
  const wanted = { name: "a.example", sans: [] };
  expect(serverProblem(FACTS, wanted, NOW_MS)?.problem).toBe("missing");
  expect(serverProblem({ ...FACTS, resumed: true }, wanted, NOW_MS)).toBe(undefined);
  expect(chainProblem(FACTS, NOW_MS)).toBe(undefined);
});

test("chainProblem() judges the age of a certificate again when a session is resumed", () => {
  const notAfter = new Date(NOW_MS - 1_000);
  const { der: peerDer } = makeCertificate({ notAfter });
  expect(chainProblem({ ...FACTS, peerDer, resumed: true }, NOW_MS)?.problem).toBe("expired");
  expect(chainProblem({ ...FACTS, peerDer, resumed: true }, NOW_MS - 5_000)).toBe(undefined);
});

test("identityOf() a certificate are its names and its fingerprint", () => {
  const { der } = makeCertificate({ names: ["URI:spiffe://mesh/a", "DNS:a.example"] });
  const { fingerprint, ...names } = identityOf(der);
  expect(names).toEqual({ uris: ["spiffe://mesh/a"], dns: ["a.example"] });
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
});
