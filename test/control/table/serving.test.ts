import { expect, test } from "vitest";
import {
  eachVersion,
  effectiveByVersion,
  hasUsableEndpoint,
  isUsable,
  servedShare,
  sharesOf,
  sumOf,
} from "../../../control/table/serving.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";

const endpoint = { address: "10.0.0.5:3000", weight: 1, state: "ready", healthy: true } as const;
const unwell = { ...endpoint, healthy: false };

test("sharesOf() is all 0 when all weights are", () => {
  expect(sharesOf(serviceSnapshot({ v1: 0, v2: 0 }))).toEqual({ v1: 0, v2: 0 });
});

test("effectiveByVersion() gives nothing to a version that cannot take work", () => {
  const service = serviceSnapshot({
    v1: 1,
    v2: { weight: 2, state: "drain" },
    v3: { weight: 3, endpoints: [unwell] },
    v4: { weight: 4, endpoints: [unwell, endpoint] },
  });
  const { v1 = 0, v2, v3, v4 = 0 } = effectiveByVersion(service);
  expect([v2, v3]).toEqual([0, 0]);
  expect(v1).toBeGreaterThan(0);
  expect(v4).toBe(4);
});

test.each([
  [endpoint, true],
  [unwell, false],
  [{ ...endpoint, state: "drain" }, false],
  [{ ...endpoint, state: "maint" }, false],
] as const)("isUsable() of %j is %s", (each, usable) => {
  expect(isUsable(each)).toBe(usable);
});

const none = { endpoints: [] };

test.each([
  ["all of them", { v1: 1, v2: 1 }, 1],
  ["what stable takes over", { v1: 1, v2: { weight: 1, ...none } }, 1],
  ["what is left of an unusable stable", { v1: { weight: 3, ...none }, v2: 1 }, 0.25],
  ["all, if an operator has taken stable out", { v1: { weight: 3, state: "drain" }, v2: 1 }, 1],
  ["nothing, if nobody has an endpoint", { v1: { weight: 1, ...none } }, 0],
  ["nothing, if all are out", { v1: { weight: 1, state: "maint" } }, 0],
  ["all, if stable without weight takes over", { v1: 0, v2: { weight: 1, state: "drain" } }, 1],
] as const)("servedShare() is %s", (_name, versions, share) => {
  expect(servedShare(serviceSnapshot(versions))).toBe(share);
});

test("servedShare() believes who says what a version can take", () => {
  const service = serviceSnapshot({ v1: { weight: 1, ...none } });
  expect(servedShare(service, () => true)).toBe(1);
});

test("eachVersion(), sumOf() and hasUsableEndpoint() look at all there is", () => {
  const service = serviceSnapshot({ v1: 3, v2: { weight: 4, endpoints: [unwell] } });
  const weights = eachVersion(service, ({ weight }, index) => weight + index);
  expect(weights).toEqual({ v1: 3, v2: 5 });
  expect(sumOf(Object.values(weights))).toBe(8);
  expect(service.versions.map(hasUsableEndpoint)).toEqual([true, false]);
});
