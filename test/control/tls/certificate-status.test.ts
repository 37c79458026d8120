import { describe, expect, test } from "vitest";
import { readConfig } from "../../../control/config/load.ts";
import { FactsCache, certificateStatus, usesOf } from "../../../control/tls/certificate-status.ts";
import { createAuthority } from "../../support/authority.ts";

const authority = createAuthority("root");

describe("FactsCache", () => {
  test("reads the leaf of a chain, and of roots the one that lasts longest", () => {
    const cache = new FactsCache();
    const pair = authority.intermediate("middle").issue({ subject: "leaf" });
    const identity = { id: "file:a", ...pair, names: [] };
    expect(cache.of(identity).subject).toBe("CN=leaf");
    expect(cache.of(identity)).toBe(cache.of(identity));
    const longer = createAuthority("longer", { notAfter: new Date("2100-01-01") });
    const trust = { id: "ca:a", pem: `${authority.pem}${longer.pem}` };
    expect(cache.of(trust).subject).toBe("CN=longer");
  });
});

test("usesOf() names listeners and services by what they need", () => {
  const tls = {
    certificates: [{ cert: "a.pem", key: "a.key" }],
    clientCert: "require",
    clientCa: "ca.pem",
  };
  const upstream = { tls: { ca: "ca.pem" } };
  const { listeners, services } = readConfig(
    JSON.stringify({
      listeners: [{ bind: "127.0.0.1:1", tls }, { bind: "127.0.0.1:2" }],
      services: { web: { upstream, versions: { v1: { endpoints: [] } } } },
    }),
    { file: "test", environment: {} },
  );
  expect([...usesOf(listeners, new Map(Object.entries(services)))]).toEqual([
    ["file:a.pem", ["listener 127.0.0.1:1"]],
    ["ca:ca.pem", ["listener 127.0.0.1:1", "service web"]],
  ]);
});

describe("certificateStatus()", () => {
  const facts = { subject: "", issuer: "", notBeforeMs: 0, notAfterMs: 90, fingerprint: "" };
  const known = { facts, isLasting: false, names: [], usedBy: ["service web"], held: undefined };

  test("tells the stage of what is in use", () => {
    expect(certificateStatus({ ...known, id: "connect:web" }, 80)).toEqual({
      id: "connect:web",
      kind: "certificate",
      facts,
      stage: "expires",
      names: [],
      problem: undefined,
      isLasting: false,
      warnings: [],
      usedBy: ["service web"],
    });
  });

  test("tells that what is needed is not there", () => {
    const absent = { ...known, facts: undefined, names: undefined, usedBy: undefined };
    expect(certificateStatus({ ...absent, id: "connect:roots" }, 0)).toMatchObject({
      kind: "roots",
      stage: undefined,
      problem: "wanted it, found nothing yet",
      isLasting: true,
      usedBy: [],
    });
    const kinds = ["file:a.pem", "connect:leaf", "ca:a.pem"].map(
      (id) => certificateStatus({ ...absent, id }, 0).kind,
    );
    expect(kinds).toEqual(["certificate", "certificate", "roots"]);
  });
});
