import { expect, test } from "vitest";
import type { EjectionPolicy } from "../../../proxy/table/snapshot.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import {
  endpointSnapshot,
  poolDeps,
  poolPolicy,
  versionPool,
  versionSnapshot,
} from "./pool-fixture.ts";

const ejection: EjectionPolicy = {
  consecutive: 3,
  baseTimeMs: 1_000,
  maxTimeMs: 2_500,
  maxPercent: 50,
};

/** A pool of a:1, b:1 … whose endpoints fail when the test says so. */
type Ejecting = {
  readonly pool: VersionPool;
  /** `a:1 out 1000` and `a:1 in`, in order. */
  readonly told: string[];
  readonly advance: (byMs: number) => void;
  readonly fail: (address: string, times: number) => void;
  readonly endpoint: (address: string) => Endpoint;
};

function ejecting(addresses: readonly string[], policy: Partial<EjectionPolicy> = {}): Ejecting {
  const { wheel, advance } = manualWheel();
  const told: string[] = [];
  const deps = poolDeps({
    wheel,
    onEjection: (_pool, { address }, forMs) =>
      told.push(forMs === 0 ? `${address} in` : `${address} out ${forMs}`),
  });
  const pool = versionPool(
    addresses,
    poolPolicy({}, { ejection: { ...ejection, ...policy } }),
    deps,
  );
  const endpoint = (address: string): Endpoint => pool.endpoints.get(address) as Endpoint;
  const fail = (address: string, times: number): void => {
    for (let time = 0; time < times; time += 1) pool.failed(endpoint(address));
  };
  return { pool, told, advance, fail, endpoint };
}

const ten = Array.from({ length: 10 }, (_, at) => `e${at}:1`);

test("Ejector ejects after exactly so many failures in a row", () => {
  const { pool, told, fail, endpoint } = ejecting(["a:1", "b:1"]);
  fail("a:1", 2);
  pool.succeeded(endpoint("a:1"));
  fail("a:1", 2);
  expect([told, pool.usableCount]).toEqual([[], 2]);
  fail("a:1", 1);
  expect([told, pool.usableCount, pool.counters.ejections]).toEqual([["a:1 out 1000"], 1, 1]);
  expect(endpoint("a:1").usable).toBe(false);
});

test("Ejector brings an endpoint back after its time, with a clean record and a slow start", () => {
  const { pool, told, advance, fail, endpoint } = ejecting(["a:1", "b:1"]);
  fail("a:1", 3);
  advance(900);
  expect(told).toEqual(["a:1 out 1000"]);
  advance(200);
  expect([told, pool.usableCount]).toEqual([["a:1 out 1000", "a:1 in"], 2]);
  const { failures, ejectedUntilMs, sinceMs } = endpoint("a:1");
  expect([failures, ejectedUntilMs, Number.isFinite(sinceMs)]).toEqual([0, 0, true]);
});

test("Ejector does not prolong an ejection by failures of what was under way", () => {
  const { told, advance, fail } = ejecting(["a:1", "b:1", "c:1"]);
  fail("a:1", 20);
  advance(1_100);
  expect(told).toEqual(["a:1 out 1000", "a:1 in"]);
});

test("Ejector ejects for longer each time, up to the longest time", () => {
  const { told, advance, fail } = ejecting(["a:1", "b:1"]);
  for (let round = 0; round < 4; round += 1) {
    fail("a:1", 3);
    advance(2_600);
  }
  expect(told.filter((each) => each.includes("out"))).toEqual([
    "a:1 out 1000",
    "a:1 out 2000",
    "a:1 out 2500",
    "a:1 out 2500",
  ]);
});

test("Ejector forgets earlier ejections of an endpoint that was well for the longest time", () => {
  const { told, advance, fail } = ejecting(["a:1", "b:1"]);
  fail("a:1", 3);
  advance(1_100);
  fail("a:1", 3);
  advance(2_100 + 2_600);
  fail("a:1", 3);
  expect(told.filter((each) => each.includes("out"))).toEqual([
    "a:1 out 1000",
    "a:1 out 2000",
    "a:1 out 1000",
  ]);
});

test("Ejector never ejects the last usable endpoint", () => {
  const { pool, told, fail } = ejecting(["a:1", "b:1", "c:1"], { maxPercent: 100 });
  for (const address of ["a:1", "b:1", "c:1"]) fail(address, 10);
  expect([told, pool.usableCount]).toEqual([["a:1 out 1000", "b:1 out 1000"], 1]);
});

test("Ejector counts unhealthy endpoints and those in maint as not usable", () => {
  const { pool, told, fail } = ejecting(["a:1", "b:1", "c:1"]);
  const ill = endpointSnapshot("b:1", { healthy: false });
  const maint = endpointSnapshot("c:1", { state: "maint" });
  pool.update(versionSnapshot("a:1", ill, maint), pool.policy);
  fail("a:1", 10);
  expect([told, pool.usableCount > 0]).toEqual([[], true]);
});

test("Ejector keeps within the part that may be out", () => {
  const { told, fail } = ejecting(ten, { maxPercent: 30 });
  for (const address of ten) fail(address, 3);
  expect(told).toEqual(["e0:1 out 1000", "e1:1 out 1000", "e2:1 out 1000"]);
});

test("Ejector may always eject one, however small the part", () => {
  const { told, fail } = ejecting(["a:1", "b:1", "c:1"], { maxPercent: 0 });
  for (const address of ["a:1", "b:1", "c:1"]) fail(address, 3);
  expect(told).toEqual(["a:1 out 1000"]);
});

test("Ejector brings back each endpoint at its own time", () => {
  const { told, advance, fail } = ejecting(ten);
  fail("e3:1", 3);
  advance(500);
  fail("e1:1", 3);
  advance(600);
  expect(told).toEqual(["e3:1 out 1000", "e1:1 out 1000", "e3:1 in"]);
  advance(500);
  expect(told.slice(3)).toEqual(["e1:1 in"]);
});

test("Ejector never ejects when consecutive is 0", () => {
  const { told, fail } = ejecting(["a:1", "b:1"], { consecutive: 0 });
  fail("a:1", 1_000);
  expect(told).toEqual([]);
});

test("Ejector takes no notice of an endpoint that has left the table", () => {
  const { pool, told, endpoint } = ejecting(["a:1", "b:1", "c:1"]);
  const gone = endpoint("a:1");
  pool.update(versionSnapshot("b:1", "c:1"), pool.policy);
  for (let time = 0; time < 10; time += 1) pool.failed(gone);
  expect([told, pool.counters.ejections]).toEqual([[], 0]);
});

test("Ejector forgets an endpoint that leaves the table while it is out", () => {
  const { pool, told, advance, fail, endpoint } = ejecting(["a:1", "b:1"]);
  fail("a:1", 3);
  pool.update(versionSnapshot("b:1"), pool.policy);
  advance(5_000);
  pool.update(versionSnapshot("a:1", "b:1"), pool.policy);
  expect([told, endpoint("a:1").usable]).toEqual([["a:1 out 1000"], true]);
});
