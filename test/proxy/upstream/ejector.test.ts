import { expect, test } from "vitest";
import type { EjectionPolicy } from "../../../proxy/table/endpoint-policy.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import type { MessageUser } from "../../../proxy/upstream/upstream-connection.ts";
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
  failurePercent: 0,
  windowMs: 10_000,
  samples: 20,
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
    onPanic: ({ kind, usable, endpoints }) => told.push(`${kind} ${usable}/${endpoints}`),
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

/** Fails every `nth` of `attempts` at the address, as its users would. */
function use({ pool, endpoint }: Ejecting, address: string, attempts: number, nth: number): void {
  for (let at = 1; at <= attempts; at += 1) {
    if (at % nth === 0) pool.failed(endpoint(address));
    else pool.succeeded(endpoint(address));
  }
}

test("Ejector ejects who fails every third time, where the others do not", () => {
  const bed = ejecting(["a:1", "b:1", "c:1"], { failurePercent: 25 });
  use(bed, "b:1", 15, Infinity);
  use(bed, "c:1", 15, Infinity);
  use(bed, "a:1", 19, 3);
  expect(bed.told).toEqual([]);
  use(bed, "a:1", 3, 3);
  expect(bed.told).toEqual(["a:1 out 1000"]);
});

test("Ejector blames nobody when all fail alike, or nobody else was asked", () => {
  const alike = ejecting(["a:1", "b:1"], { failurePercent: 25 });
  for (let round = 0; round < 20; round += 1) {
    use(alike, "a:1", 3, 3);
    use(alike, "b:1", 3, 3);
  }
  const alone = ejecting(["a:1", "b:1"], { failurePercent: 25 });
  use(alone, "a:1", 60, 3);
  expect([alike.told, alone.told]).toEqual([[], []]);
});

test("Ejector counts no failures in a row and no share with consecutive 0", () => {
  const bed = ejecting(["a:1", "b:1"], { failurePercent: 25, consecutive: 0 });
  use(bed, "b:1", 40, Infinity);
  use(bed, "a:1", 40, 1);
  expect(bed.told).toEqual([]);
});

/** The endpoint that gets the next request, which ends only when the test says so. */
function next({ pool }: Ejecting): Endpoint {
  const user = { onUpstreamReady: () => undefined, onUpstreamFailed: () => undefined };
  const got = pool.acquire(user as unknown as MessageUser, 1_000);
  if (typeof got === "string") throw new Error(got);
  return got.endpoint;
}

test("Ejector lets one request try an endpoint that is back, and then the others", () => {
  const bed = ejecting(["a:1", "b:1"]);
  const a = bed.endpoint("a:1");
  bed.fail("a:1", 3);
  bed.advance(1_100);
  expect([a.trial, bed.pool.usableCount]).toEqual(["due", 2]);
  while (a.trial === "due") next(bed);
  expect([a.trial, bed.pool.usableCount]).toEqual(["under way", 1]);
  for (let time = 0; time < 20; time += 1) expect(next(bed)).not.toBe(a);
  bed.pool.succeeded(a);
  expect([a.trial, bed.pool.usableCount]).toEqual(["none", 2]);
});

test("Ejector ejects for longer who fails its trial", () => {
  const bed = ejecting(["a:1", "b:1"]);
  const a = bed.endpoint("a:1");
  bed.fail("a:1", 3);
  bed.advance(1_100);
  while (a.trial === "due") next(bed);
  bed.fail("a:1", 1);
  expect([a.trial, bed.told]).toEqual(["none", ["a:1 out 1000", "a:1 in", "a:1 out 2000"]]);
});

test("Ejector lets another request try when nobody has heard how the first one ended", () => {
  const bed = ejecting(["a:1", "b:1"]);
  const a = bed.endpoint("a:1");
  bed.fail("a:1", 3);
  bed.advance(1_100);
  while (a.trial === "due") next(bed);
  bed.advance(10_100);
  while (next(bed) !== a);
  expect(a.trial).toBe("under way");
});

/** Of three a:1 is well, b:1 ejected, c:1 ill by its checks; a request has tried c:1, in vain. */
function panicking(): Ejecting {
  const bed = ejecting(["a:1", "b:1", "c:1"], { panicPercent: 50 });
  bed.fail("b:1", 3);
  expect([bed.told, bed.pool.isPanic]).toEqual([["b:1 out 1000"], false]);
  bed.told.length = 0;
  const ill = endpointSnapshot("c:1", { healthy: false });
  bed.pool.update(versionSnapshot("a:1", "b:1", ill), bed.pool.policy);
  return bed;
}

test("Ejector tries those that are out when a panic begins, before their time", () => {
  const bed = panicking();
  expect(bed.told).toEqual(["panic 1/3", "b:1 in"]);
  expect(["b:1", "c:1"].map((address) => bed.endpoint(address).trial)).toEqual(["due", "due"]);
});

test("Ejector ends a panic by whoever answers in it", () => {
  const bed = panicking();
  while (bed.endpoint("b:1").trial === "due") next(bed);
  bed.pool.succeeded(bed.endpoint("b:1"));
  expect(bed.told.slice(2)).toEqual(["panic-ended 2/3"]);
  expect(bed.pool.usableCount).toBe(2);
});

test("Ejector takes out in panic whoever fails its trial, whatever part is out", () => {
  const bed = panicking();
  for (const address of ["b:1", "c:1"]) {
    while (bed.endpoint(address).trial === "due") next(bed);
    bed.fail(address, 1);
  }
  expect([bed.pool.usableCount, bed.pool.isPanic]).toEqual([1, true]);
  expect(bed.told.slice(2)).toEqual(["b:1 out 2000", "c:1 out 1000"]);
  bed.advance(1_100);
  expect(bed.told.slice(4)).toEqual(["c:1 in"]);
});

test("Ejector never ejects the last one that is well for those that only panic uses", () => {
  const bed = panicking();
  while (bed.endpoint("b:1").trial === "due") next(bed);
  bed.fail("b:1", 1);
  while (bed.endpoint("c:1").trial === "due") next(bed);
  bed.pool.succeeded(bed.endpoint("c:1"));
  expect(bed.pool.usableCount).toBe(2);
  bed.fail("a:1", 10);
  expect([bed.endpoint("a:1").usable, bed.pool.usableCount]).toEqual([true, 2]);
});

test("Ejector that begins a panic by an ejection tells of both in order", () => {
  const bed = ejecting(["a:1", "b:1", "c:1"], { panicPercent: 67 });
  const ill = endpointSnapshot("c:1", { healthy: false });
  bed.pool.update(versionSnapshot("a:1", "b:1", ill), bed.pool.policy);
  bed.told.length = 0;
  bed.pool.update(versionSnapshot("a:1", "b:1", "c:1"), bed.pool.policy);
  bed.endpoint("c:1").trial = "none";
  bed.pool.refresh();
  bed.told.length = 0;
  bed.fail("b:1", 3);
  expect(bed.told).toEqual(["b:1 out 1000", "panic 2/3", "b:1 in"]);
});
