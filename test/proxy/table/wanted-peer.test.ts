import { describe, expect, test } from "vitest";
import { isWantedPeer, serverNameOf, wantedPeer } from "../../../proxy/table/wanted-peer.ts";
import type { UpstreamTls } from "../../../proxy/table/tls.ts";
import { makeCertificate } from "../../support/certificates.ts";

const TLS: UpstreamTls = {
  trust: undefined,
  identity: undefined,
  serverName: undefined,
  sans: [],
  insecure: false,
};

describe("wantedPeer()", () => {
  const at = (address: string, more: object = {}): string =>
    wantedPeer(TLS, { address, ...more }).name;

  test("is the endpoint's host: the name that it was found by, else its address", () => {
    expect(at("10.0.0.1:443", { host: "web.internal" })).toBe("web.internal");
    expect(at("10.0.0.1:443")).toBe("10.0.0.1");
    expect(at("[2001:db8::1]:443")).toBe("2001:db8::1");
    expect(at("unix:/run/web.sock")).toBe("");
  });

  test("is whom the service names, or what stands for the endpoint alone", () => {
    const tls = { ...TLS, serverName: "api", sans: ["spiffe://mesh/a"] };
    const endpoint = { address: "10.0.0.1:443", host: "web.internal" };
    expect(wantedPeer(tls, endpoint)).toEqual({ name: "api", sans: ["spiffe://mesh/a"] });
    const own = { ...endpoint, san: "spiffe://mesh/b" };
    expect(wantedPeer(tls, own).sans).toEqual(["spiffe://mesh/b"]);
  });
});

test("serverNameOf() is a name, never an address", () => {
  const names = ["web.internal", "10.0.0.1", "::1", ""].map((name) => ({ name, sans: [] }));
  expect(names.map(serverNameOf)).toEqual(["web.internal", undefined, undefined, undefined]);
});

describe("isWantedPeer()", () => {
  test.each([
    [["DNS:a.example"], "a.example", true],
    [["DNS:*.b.example"], "a.b.example", true],
    [["DNS:*.b.example"], "a.a.b.example", false],
    [["DNS:a.example"], "b.example", false],
    [["DNS:a*.example"], "ab.example", false],
    [["IP:127.0.0.1"], "127.0.0.1", true],
    [["IP:::1"], "::1", true],
    [["DNS:127.0.0.1"], "127.0.0.1", false],
    [[], "cn.example", false],
    [["DNS:a.example"], "", false],
  ] as const)("of %j for %s is %s", (names, name, expected) => {
    const { der } = makeCertificate({ subject: "cn.example", names });
    expect(isWantedPeer(der, { name, sans: [] })).toBe(expected);
  });

  test.each([
    [["URI:spiffe://mesh/a"], ["spiffe://mesh/b", "spiffe://mesh/a"], true],
    [["URI:spiffe://mesh/a"], ["spiffe://mesh/A"], false],
    [["URI:spiffe://mesh/a", "URI:spiffe://mesh/b"], ["spiffe://mesh/a"], false],
    [["URI:https://a", "URI:https://b"], ["https://a"], true],
    [["DNS:A.example"], ["a.EXAMPLE"], true],
    [["DNS:*.example"], ["a.example"], false],
    [["DNS:a.example"], ["spiffe://mesh/a"], false],
  ] as const)("of %j, which must have one of %j, is %s", (names, sans, expected) => {
    const { der } = makeCertificate({ names });
    expect(isWantedPeer(der, { name: "a.example", sans })).toBe(expected);
  });
});
