import { expect, onTestFinished, test } from "vitest";
import type { ObservedSeconds } from "../../../proxy/metrics/second-counts.ts";
import { RoutingTable } from "../../../proxy/table/routing-table.ts";
import { FirstAttempt } from "../../../proxy/upstream/first-attempt.ts";
import { LiveServices } from "../../../proxy/upstream/live-services.ts";
import { ObservedServices } from "../../../proxy/upstream/observed-services.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { poolDeps } from "./pool-fixture.ts";

/** What a clock shows, until somebody sets it. */
class SetClock {
  now = 0;
  wall = 100_500;

  nowMs(): number {
    return this.now;
  }

  wallMs(): number {
    return this.wall;
  }
}

/** A service with v1 and v2, of which somebody may ask. */
class Bed {
  readonly clock = new SetClock();
  readonly services = new LiveServices(poolDeps());
  readonly observed = new ObservedServices(this.clock, (name) => this.services.byName(name));

  constructor() {
    onTestFinished(() => this.services.close());
    const services = [serviceSnapshot({ v1: 1, v2: 1 })];
    this.services.replace(RoutingTable.compile({ revision: 1, services }));
  }

  pool(version: string): VersionPool {
    const pool = this.services.byName("web")?.pools.find((each) => each.version === version);
    if (pool === undefined) throw new Error("There is no such version");
    return pool;
  }

  ask(afterS = 0, versions = ["v1", "v2"]): ObservedSeconds {
    return this.observed.ask({ service: "web", versions, afterS });
  }

  pass(ms: number): void {
    this.clock.now += ms;
    this.clock.wall += ms;
  }

  /** A request that takes `ms`, if somebody observes. */
  visit(version: string, ms = 0): void {
    const { observed } = this.pool(version);
    const first = new FirstAttempt();
    if (observed !== undefined) first.begin(observed, {}, undefined, -1, this.clock.now);
    this.pass(ms);
    first.ended("ok", undefined);
  }
}

function requests({ seconds }: ObservedSeconds): readonly (readonly number[])[] {
  return seconds.map(({ second, versions }) => [second, ...versions.map((each) => each.requests)]);
}

test("ObservedServices count from the first question on, by the second", () => {
  const bed = new Bed();
  bed.visit("v1");
  expect(bed.ask()).toEqual({ sinceS: 101, untilS: 99, seconds: [] });
  bed.visit("v1");
  bed.pass(500);
  bed.visit("v1", 100);
  bed.visit("v2", 100);
  bed.pass(1_000);
  bed.visit("v2", 900);
  expect([bed.ask().untilS, requests(bed.ask())]).toEqual([102, [[101, 1, 1]]]);
  bed.pass(1_000);
  expect(requests(bed.ask())).toEqual([
    [101, 1, 1],
    [103, 0, 1],
  ]);
  expect(requests(bed.ask(101))).toEqual([[103, 0, 1]]);
});

test("ObservedServices keep ten seconds for who is late", () => {
  const bed = new Bed();
  bed.ask();
  bed.pass(500);
  for (let second = 101; second <= 111; second += 1) {
    bed.visit("v1");
    bed.pass(1_000);
  }
  const asked = bed.ask();
  expect([asked.sinceS, asked.untilS]).toEqual([103, 111]);
  expect(requests(asked).map(([second]) => second)).toEqual([
    103, 104, 105, 106, 107, 108, 109, 110, 111,
  ]);
});

test("ObservedServices stop when nobody has asked for half a minute, and can begin again", () => {
  const bed = new Bed();
  bed.ask();
  bed.pass(31_000);
  expect(bed.pool("v1").observed).toBeDefined();
  bed.visit("v1");
  expect(bed.pool("v1").observed).toBeUndefined();
  expect(bed.ask()).toEqual({ sinceS: 132, untilS: 130, seconds: [] });
  expect(bed.pool("v1").observed).toBeDefined();
});

test("ObservedServices begin again when the clock was set, and follow it when it drifts", () => {
  const bed = new Bed();
  bed.ask();
  bed.clock.wall += 900;
  expect(bed.ask()).toMatchObject({ sinceS: 101, untilS: 100 });
  bed.clock.wall += 3_600_000;
  expect(bed.ask()).toMatchObject({ sinceS: 3_702, untilS: 3_700 });
});

test("ObservedServices know nothing of what is not there", () => {
  const bed = new Bed();
  expect(bed.observed.ask({ service: "no", versions: ["v1"], afterS: 0 })).toEqual({
    sinceS: 100,
    untilS: 99,
    seconds: [],
  });
  bed.ask(0, ["v1", "v9"]);
  bed.pass(500);
  bed.visit("v1");
  bed.pass(1_000);
  expect(requests(bed.ask(0, ["v9", "v1"]))).toEqual([[101, 0, 1]]);
  expect(bed.pool("v2").observed).toBeUndefined();
});
