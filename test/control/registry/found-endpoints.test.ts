import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { DiscoveredEndpoint } from "../../../control/config/service.ts";
import { GRACE_MS, FoundEndpoints } from "../../../control/registry/found-endpoints.ts";

const up = (address: string, weight = 1): DiscoveredEndpoint => ({
  address,
  weight,
  healthy: true,
});
const down = (address: string): DiscoveredEndpoint => ({ address, weight: 1, healthy: false });
const maintained = (address: string): DiscoveredEndpoint => ({
  ...down(address),
  inMaintenance: true,
});

/** Consul's word, and its effect at once. true: `endpoints` changed. */
function tell(
  pool: FoundEndpoints,
  endpoints: readonly DiscoveredEndpoint[],
  nowMs: number,
): boolean {
  pool.hear(endpoints, nowMs);
  return pool.refresh(nowMs);
}

test("FoundEndpoints takes new, changed and removed endpoints at once", () => {
  const pool = new FoundEndpoints();
  expect(tell(pool, [up("a:1"), up("b:1")], 0)).toBe(true);
  expect(tell(pool, [up("b:1", 5), up("c:1")], 1)).toBe(true);
  expect(pool.endpoints).toEqual([up("b:1", 5), up("c:1")]);
});

test("FoundEndpoints changes nothing when it hears the same again", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1"), down("b:1")], 0);
  const before = pool.endpoints;
  expect(tell(pool, [up("a:1"), down("b:1")], 5_000)).toBe(false);
  expect(pool.endpoints).toBe(before);
});

test("FoundEndpoints keeps an unhealthy endpoint in the list, so that its connections stay", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1"), up("b:1")], 0);
  tell(pool, [up("a:1"), down("b:1")], 1_000);
  expect(pool.nextChangeMs).toBe(4_000);
  expect(pool.refresh(4_000)).toBe(true);
  expect(pool.endpoints).toEqual([up("a:1"), down("b:1")]);
});

test.each([
  ["all endpoints gone", []],
  ["all endpoints critical", [down("a:1"), down("b:1")]],
])("FoundEndpoints keeps its endpoints for the grace time: %s", (_, told) => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1"), up("b:1")], 0);
  tell(pool, told, 1_000);
  for (let nowMs = 1_000; nowMs < 1_000 + GRACE_MS; nowMs += 1_000) pool.refresh(nowMs);
  expect(pool.endpoints.map((endpoint) => endpoint.healthy)).toEqual([true, true]);
  pool.refresh(10_000 + GRACE_MS);
  expect(pool.endpoints).toEqual(told);
});

test("FoundEndpoints counts endpoints from disk as endpoints that it had", () => {
  const pool = new FoundEndpoints([up("a:1")]);
  tell(pool, [], 0);
  expect(pool.endpoints).toEqual([up("a:1")]);
  tell(pool, [up("b:1")], 1_000);
  expect(pool.endpoints).toEqual([up("b:1")]);
});

test("FoundEndpoints never damps the only endpoint", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1")], 0);
  let changes = 0;
  for (let second = 1; second <= 60; second += 1) {
    const word = second % 2 === 0 ? up("a:1") : down("a:1");
    if (tell(pool, [word], second * 1_000)) changes += 1;
  }
  expect(changes).toBe(0);
  expect(pool.endpoints).toEqual([up("a:1")]);
});

test("FoundEndpoints takes out at once what is put into maintenance, even the last", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1"), up("b:1")], 0);
  tell(pool, [up("a:1"), maintained("b:1")], 1_000);
  expect(pool.endpoints.map(({ healthy }) => healthy)).toEqual([true, false]);
  tell(pool, [maintained("a:1"), maintained("b:1")], 2_000);
  expect(pool.endpoints.map(({ healthy }) => healthy)).toEqual([false, false]);
  tell(pool, [up("a:1"), maintained("b:1")], 3_000);
  expect(pool.endpoints.map(({ healthy }) => healthy)).toEqual([true, false]);
});

test("FoundEndpoints keeps in its grace time what failed, and not what is in maintenance", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1"), up("b:1")], 0);
  tell(pool, [maintained("b:1")], 1_000);
  expect(pool.isKept).toBe(true);
  expect(pool.endpoints.map(({ address, healthy }) => [address, healthy])).toEqual([
    ["a:1", true],
    ["b:1", false],
  ]);
});

test("FoundEndpoints of a version that another one can replace needs no grace", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1")], 0);
  pool.hear([down("a:1")], 1_000);
  // A check that fails once is not yet a word that holds.
  expect(pool.refresh(1_000, true)).toBe(false);
  expect(pool.nextChangeMs).toBe(4_000);
  expect(pool.refresh(4_000, true)).toBe(true);
  expect(pool.endpoints).toEqual([down("a:1")]);
  pool.hear([], 5_000);
  pool.refresh(5_000, true);
  expect([pool.endpoints, pool.isKept]).toEqual([[], false]);
});

test("FoundEndpoints in its grace time ends it when another version can replace it again", () => {
  const pool = new FoundEndpoints();
  tell(pool, [up("a:1")], 0);
  tell(pool, [], 1_000);
  expect(pool.isKept).toBe(true);
  pool.refresh(2_000, true);
  expect([pool.endpoints, pool.isKept]).toEqual([[], false]);
});

const word = fc.record({
  waitMs: fc.integer({ min: 0, max: 20_000 }),
  endpoints: fc.uniqueArray(
    fc.record({ address: fc.constantFrom("a:1", "b:1", "c:1"), healthy: fc.boolean() }),
    { selector: (endpoint) => endpoint.address },
  ),
});

type Word = typeof word extends fc.Arbitrary<infer Value> ? Value : never;

/** Whether the pool had a healthy endpoint at every moment at which it must. */
function keepsGrace(words: readonly Word[]): boolean {
  const pool = new FoundEndpoints();
  let nowMs = 0;
  let healthyMs = -Infinity;
  return words.every(({ waitMs, endpoints }) => {
    tell(
      pool,
      endpoints.map((endpoint) => ({ ...endpoint, weight: 1 })),
      nowMs,
    );
    nowMs = passTime(pool, nowMs, waitMs);
    if (endpoints.some((endpoint) => endpoint.healthy)) healthyMs = nowMs;
    const has = pool.endpoints.some((endpoint) => endpoint.healthy);
    return has || nowMs - healthyMs >= GRACE_MS;
  });
}

/** Refreshes the pool whenever it asks for it. Gives the time afterwards. */
function passTime(pool: FoundEndpoints, fromMs: number, forMs: number): number {
  const endMs = fromMs + forMs;
  while (pool.nextChangeMs <= endMs) pool.refresh(pool.nextChangeMs);
  return endMs;
}

test("FoundEndpoints has a healthy endpoint until Consul names none for a grace time", () => {
  const words = fc.array(word, { maxLength: 30 });
  const run = fc.check(fc.property(words, keepsGrace), { seed: 4, numRuns: 300 });
  expect(run.counterexample).toBeNull();
});
