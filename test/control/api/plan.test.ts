import { array, assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { planChange } from "../../../control/api/plan.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import type { ServiceSnapshot, VersionSnapshot } from "../../../proxy/table/snapshot.ts";
import { startApi } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const NO_COUNTS = new WorkerTotals([]);

async function webSnapshot(): Promise<ServiceSnapshot> {
  await using api = await startApi();
  return api.services.snapshot("web");
}

const web = await webSnapshot();

function weighted(...weights: readonly number[]): ServiceSnapshot {
  const { endpoints = [] } = web.versions[0] ?? {};
  const versions = weights.map((weight, index): VersionSnapshot => ({
    name: `v${index + 1}`,
    weight,
    state: "ready",
    endpoints,
  }));
  return { ...web, versions };
}

test("planChange() moves keys only towards the version whose weight grows", () => {
  const plan = planChange({
    before: weighted(90, 10),
    after: weighted(80, 20),
    open: NO_COUNTS,
    workers: 1,
  });
  expect(plan.keysMoved).toBeCloseTo(0.1, 1);
  expect(plan.versions["v1"]?.keys?.gained).toBe(0);
  expect(plan.versions["v2"]?.keys?.lost).toBe(0);
  expect(plan.versions["v2"]?.share).toEqual({ before: 0.1, after: 0.2 });
});

test("planChange() sees that weights of the same proportions move nothing", () => {
  const plan = planChange({
    before: weighted(9, 1),
    after: weighted(90, 10),
    open: NO_COUNTS,
    workers: 1,
  });
  expect(plan.keysMoved).toBe(0);
});

test("planChange() loses no key: what versions lose others gain", () => {
  const weights = array(integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 3 });
  assert(
    property(weights, weights, (from, to) => {
      const change = {
        before: weighted(...from),
        after: weighted(...to),
        open: NO_COUNTS,
        workers: 1,
      };
      const { keysMoved, versions } = planChange(change);
      const keys = Object.values(versions).map((each) => each.keys ?? { lost: NaN, gained: NaN });
      expect(keys.reduce((sum, { lost }) => sum + lost, 0)).toBeCloseTo(keysMoved ?? NaN, 9);
      expect(keys.reduce((sum, { gained }) => sum + gained, 0)).toBeCloseTo(keysMoved ?? NaN, 9);
    }),
    { numRuns: 8, seed: 7 },
  );
});

test("planChange() counts tunnels and requests under way", () => {
  const totals = new WorkerTotals([oneWorker(), oneWorker()]);
  const { versions } = planChange({
    before: weighted(100, 0),
    after: weighted(0, 100),
    open: totals,
    workers: 2,
  });
  expect(versions["v1"]?.tunnels).toEqual({ open: 2, toMigrate: 2 });
  expect(versions["v1"]?.capacity.inFlightExpected).toBe(0);
  expect(versions["v2"]?.capacity).toEqual({
    endpointsUsable: 2,
    inFlightExpected: 6,
    inFlightLimit: 2048,
  });
});

test("planChange() says nothing of keys without affinity", () => {
  const unkeyed = { ...web, affinity: undefined };
  const plan = planChange({ before: unkeyed, after: unkeyed, open: NO_COUNTS, workers: 1 });
  expect(plan).not.toHaveProperty("keysMoved");
  expect(plan.versions["v1"]).not.toHaveProperty("keys");
});
