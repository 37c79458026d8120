import { expect, test } from "vitest";
import { compatFlaw } from "../../../control/registry/compat-flaw.ts";
import { readInstances } from "../../../control/registry/health.ts";
import type { Instance } from "../../../control/registry/health.ts";

const V1 = { service: "web", version: "v1" };

function instances(...metas: readonly Readonly<Record<string, unknown>>[]): readonly Instance[] {
  const entries = metas.map((meta, index) => ({
    Node: { Address: "10.0.0.1" },
    Service: { ID: `web-${index}`, Port: 3_000 + index, Meta: { version: "v1", ...meta } },
  }));
  return readInstances("read service web", entries);
}

test("compatFlaw() is nothing where all say the same, or nothing, and of other versions", () => {
  const same = { "sluice-writes": "2" };
  expect(compatFlaw(instances({}, same, same), V1)).toBe("");
  expect(compatFlaw(instances(same, { version: "v2", "sluice-writes": "x" }), V1)).toBe("");
});

test("compatFlaw() tells that they differ, and what cannot be read, three of thousands", () => {
  const bad = Array.from({ length: 4_000 }, (_, at) => ({ "sluice-writes": `x${at}` }));
  const flaw = compatFlaw(
    instances({ "sluice-writes": "1" }, { "sluice-writes": "2" }, ...bad),
    V1,
  );
  expect(flaw).toBe(
    "instances differ in what they read or write; " +
      'cannot read sluice-writes "x0"; cannot read sluice-writes "x1"; 3998 more',
  );
});
