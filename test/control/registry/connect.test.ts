import { describe, expect, onTestFinished, test } from "vitest";
import { Connect } from "../../../control/registry/connect.ts";
import type { ConnectMaterial } from "../../../control/registry/connect.ts";
import type { Intentions } from "../../../proxy/intentions/intentions.ts";
import { CONSUL_LEAF, CONSUL_ROOTS } from "../../support/connect-answers.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsul } from "../../support/fake-consul.ts";

/*
 * Goal: what Consul says arrives whole and nothing half; what it says wrongly changes nothing, and
 * is told. A real one is in test/integration/consul-connect.test.ts and consul-intentions.test.ts.
 */

const LEAF = "agent/connect/ca/leaf/web";
const ROOTS = "agent/connect/ca/roots";
const LIST = "connect/intentions";
const MATCH = "connect/intentions/match";
const CHECK = "connect/intentions/check";

function deny(SourceName: string, DestinationName = "web"): object {
  return { SourceName, DestinationName, Action: "deny", Precedence: 9 };
}

/** What a sidecar of `web` hears from Consul, which answers what `prepare` has put there. */
async function connected(prepare: (consul: FakeConsul) => void = () => undefined) {
  const { consul, deps } = await openConsulBed();
  consul.answers.set(LEAF, CONSUL_LEAF);
  consul.answers.set(ROOTS, CONSUL_ROOTS);
  consul.answers.set(LIST, []);
  consul.answers.set(MATCH, { web: null });
  consul.answers.set(CHECK, { Allowed: true });
  prepare(consul);
  const materials: ConnectMaterial[] = [];
  const told: Intentions[] = [];
  const domains: string[] = [];
  const connect = new Connect(deps, "web", {
    setMaterial: async (material) => void materials.push(material),
    setIntentions: async (intentions) => void told.push(intentions),
  });
  connect.onTrustDomain = (domain) => void domains.push(domain);
  onTestFinished(async () => {
    consul.changed();
    await connect.close();
  });
  return { consul, connect, materials, told, domains, lines: deps.lines };
}

describe("certificate and roots", () => {
  test("they come together, under the ids that listeners and services name", async () => {
    const { connect, materials, domains } = await connected();
    await connect.whenTried();
    const { CertPEM, PrivateKeyPEM } = CONSUL_LEAF;
    await eventually(() => expect(materials).not.toEqual([]));
    expect(materials.at(-1)).toEqual({
      identities: [{ id: "connect:leaf", certPem: CertPEM, keyPem: PrivateKeyPEM, names: [] }],
      trusts: [{ id: "connect:roots", pem: CONSUL_ROOTS.Roots[0]?.RootCert }],
    });
    expect(domains).toEqual([CONSUL_ROOTS.TrustDomain]);
    expect(connect.problems).toEqual([]);
  });

  test("without roots there is no certificate either, and nobody may anything", async () => {
    const { consul, connect, materials, told, domains } = await connected((each) =>
      each.answers.set(ROOTS, { Roots: [] }),
    );
    await connect.whenTried();
    expect([materials, told, domains]).toEqual([[], [], []]);
    expect(connect.problems).toEqual([
      "roots of the mesh: Cannot read the roots of the mesh: Consul's answer holds no roots",
    ]);
    consul.answers.set(ROOTS, CONSUL_ROOTS);
    await eventually(() => expect([materials.length, told.length]).toEqual([1, 1]));
    await eventually(() => expect(connect.problems).toEqual([]));
  });

  test("one that is not ours changes nothing, and is told without a word of it", async () => {
    const { consul, connect, materials, lines } = await connected();
    await eventually(() => expect(materials).toHaveLength(1));
    consul.answers.set(LEAF, { ...CONSUL_LEAF, PrivateKeyPEM: "very secret" });
    consul.changed();
    await eventually(() => expect(connect.problems.join()).toMatch(/a key that is not/));
    expect(materials).toHaveLength(1);
    expect(lines.join()).toContain("connect.stale");
    expect(lines.join() + connect.problems.join()).not.toMatch(/very secret|PRIVATE KEY|BEGIN/);
    consul.answers.set(LEAF, CONSUL_LEAF);
    consul.changed();
    await eventually(() => expect(lines.join()).toContain("connect.current"));
  });
});

describe("intentions", () => {
  test("a change of any of ours is told with all of them", async () => {
    const { consul, told } = await connected();
    await eventually(() => expect(told.at(-1)?.list).toEqual([]));
    consul.answers.set(MATCH, { web: [deny("api")] });
    consul.answers.set(LIST, [deny("api")]);
    consul.changed();
    const source = { partition: "default", namespace: "default", name: "api" };
    await eventually(() =>
      expect(told.at(-1)).toEqual({
        trustDomain: CONSUL_ROOTS.TrustDomain,
        defaultAction: "allow",
        list: [{ source, action: "deny", permissions: [] }],
      }),
    );
  });

  test.each([
    ["no wildcard", [deny("api")], { Allowed: true }, "allow", /source=.*&destination=web$/],
    ["no wildcard", [deny("api")], { Allowed: false }, "deny", /source=.*&destination=web$/],
    ["one for all sources", [deny("*")], { Allowed: true }, "allow", /destination=sluice-/],
    ["one for everything", [deny("*", "*")], { Allowed: true }, "deny", undefined],
    ["an answer that says nothing", [], {}, "deny", /destination=web$/],
  ])("what holds without one, given %s", async (_, list, check, expected, asked) => {
    const { consul, told } = await connected((each) => {
      each.answers.set(MATCH, { web: list });
      each.answers.set(CHECK, check);
    });
    await eventually(() => expect(told.at(-1)?.defaultAction).toBe(expected));
    const checks = consul.asked.filter((each) => each.includes(CHECK));
    if (asked === undefined) expect(checks).toEqual([]);
    else expect(checks.at(-1)).toMatch(asked);
  });

  test("only changes around the service are waited for", async () => {
    const { consul, told } = await connected();
    await eventually(() => expect(told).not.toEqual([]));
    const asked = consul.asked.find((each) => each.startsWith(`GET ${LIST}?`)) ?? "";
    const query = new URLSearchParams(asked.split("?")[1]);
    expect(query.get("filter")).toBe('DestinationName == "web" or DestinationName == "*"');
  });

  test("what cannot be judged is a problem that people see", async () => {
    const { connect } = await connected((consul) =>
      consul.answers.set(MATCH, { web: [{ ...deny("api"), JWT: {} }] }),
    );
    await eventually(() =>
      expect(connect.problems).toEqual([
        "intentions: denied, source api: a JWT is wanted, which Sluice does not check",
      ]),
    );
  });
});
