import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Connect } from "../../control/registry/connect.ts";
import type { ConnectMaterial } from "../../control/registry/connect.ts";
import type { Intentions } from "../../proxy/intentions/intentions.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps } from "../support/consul-deps.ts";
import type { TestDeps } from "../support/consul-deps.ts";
import { rotateRoot } from "../support/consul-root.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

/* Goal: certificate, roots and intentions of a real Consul arrive, and what replaces them does. */

const binary = (await consulForTests()) ?? "";

function rootsOf({ trusts }: ConnectMaterial): readonly X509Certificate[] {
  const pem = trusts.map((trust) => trust.pem).join("");
  return pem
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((each) => each.trim() !== "")
    .map((each) => new X509Certificate(each));
}

function leafOf({ identities }: ConnectMaterial): X509Certificate {
  return new X509Certificate(identities[0]?.certPem ?? "");
}

describe.skipIf(binary === "")("Connect", { timeout: 60_000 }, () => {
  let agent: TestAgent;
  let deps: TestDeps;
  let connect: Connect;
  let materials: ConnectMaterial[];
  let told: Intentions[];

  beforeEach(async () => {
    agent = await TestAgent.start(binary);
    deps = consulDeps({ address: agent.address });
    materials = [];
    told = [];
    connect = new Connect(deps, "web", {
      setMaterial: async (material) => void materials.push(material),
      setIntentions: async (intentions) => void told.push(intentions),
    });
    await connect.whenTried();
  });
  afterEach(async () => {
    await connect.close();
    await deps[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });

  test("there is a certificate that the roots have signed, and a default", async () => {
    const material = await eventually(() => {
      const last = materials.at(-1);
      if (last === undefined) throw new Error("Nothing yet");
      return last;
    });
    const leaf = leafOf(material);
    expect(rootsOf(material).map((root) => leaf.verify(root.publicKey))).toEqual([true]);
    const { TrustDomain } = (await agent.get("agent/connect/ca/roots")) as { TrustDomain: string };
    expect(leaf.subjectAltName).toBe(`URI:spiffe://${TrustDomain}/ns/default/dc/dc1/svc/web`);
    expect(material.identities.map(({ id }) => id)).toEqual(["connect:leaf"]);
    expect(material.trusts.map(({ id }) => id)).toEqual(["connect:roots"]);
    await eventually(() =>
      expect(told.at(-1)).toEqual({ trustDomain: TrustDomain, defaultAction: "allow", list: [] }),
    );
    expect(connect.problems).toEqual([]);
    expect(deps.lines.join()).not.toContain("PRIVATE KEY");
  });

  test("while roots rotate, all of them are trusted", async () => {
    await eventually(() => expect(materials).not.toEqual([]));
    const first = materials.at(-1) as ConnectMaterial;
    const root = await rotateRoot(agent);
    const both = await eventually(() => {
      const last = materials.at(-1) as ConnectMaterial;
      expect(rootsOf(last)).toHaveLength(2);
      return last;
    });
    const subjects = rootsOf(both).map(({ subject }) => subject);
    expect(subjects).toContain(rootsOf(first)[0]?.subject);
    expect(subjects).toContain(root);
  });

  test("all of it stays in force while Consul is away, and people are told", async () => {
    await eventually(() => expect(materials).not.toEqual([]));
    await eventually(() => expect(told).not.toEqual([]));
    const [material, intentions] = [materials.at(-1), told.at(-1)];
    await agent.kill();
    await eventually(() => expect(connect.problems).toHaveLength(3));
    expect(connect.problems.join()).toMatch(
      /certificate of the mesh: .*roots of the mesh: .*intentions: /,
    );
    expect(materials.at(-1)).toBe(material);
    expect(told.at(-1)).toBe(intentions);
    await agent.up();
    // It is another Consul now: with another authority, whose certificate counts from now on.
    await eventually(() => expect(connect.problems).toEqual([]), 20_000);
    await eventually(() => expect(materials.at(-1)?.trusts).not.toEqual(material?.trusts));
  });
});
