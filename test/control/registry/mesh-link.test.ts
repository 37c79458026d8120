import { expect, onTestFinished, test } from "vitest";
import { MeshLink } from "../../../control/registry/mesh-link.ts";
import { CONSUL_LEAF, CONSUL_ROOTS } from "../../support/connect-answers.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

/** A link of `web`, with what those hear who act on it. */
async function linked() {
  const { consul, deps } = await openConsulBed();
  consul.answers.set("agent/connect/ca/leaf/web", CONSUL_LEAF);
  consul.answers.set("agent/connect/ca/roots", CONSUL_ROOTS);
  consul.answers.set("connect/intentions", []);
  consul.answers.set("connect/intentions/match", { web: null });
  consul.answers.set("connect/intentions/check", { Allowed: true });
  const link = new MeshLink("web");
  onTestFinished(async () => {
    consul.changed();
    await link.close();
  });
  const told: string[] = [];
  const discovery = { trust: (domain: string) => void told.push(`trust ${domain}`) };
  const sink = {
    setMaterial: async () => void told.push("material"),
    setIntentions: async () => void told.push("intentions"),
  };
  return { consul, deps, link, told, discovery, sink };
}

test("MeshLink tells its sink, and discovery whom to trust", async () => {
  const { deps, link, told, discovery, sink } = await linked();
  link.join(sink);
  link.start(deps, discovery);
  await link.whenTried();
  const domain = `trust ${CONSUL_ROOTS.TrustDomain}`;
  await eventually(() => expect(told.toSorted()).toEqual(["intentions", "material", domain]));
  expect(link.problems).toEqual([]);
});

test("MeshLink asks nothing while nobody acts on it", async () => {
  const { consul, deps, link, discovery } = await linked();
  link.start(deps, discovery);
  await link.whenTried();
  await link.close();
  expect([consul.asked, link.problems]).toEqual([[], []]);
});
