import { expect, test } from "vitest";
import { FleetLaggards } from "../../../control/registry/fleet-laggards.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import type { FleetMember } from "../../../control/registry/sidecar-fleet.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** A fleet that a test sets, with a sidecar `own` that looks at its list. */
class Bed {
  readonly clock = new ManualClock();
  readonly lines: string[] = [];
  own = 7;
  others: Readonly<Record<string, number>> | Error = {};
  readonly laggards: FleetLaggards;

  constructor() {
    const log = jsonLog(
      (line) => this.lines.push(line),
      () => 0,
    );
    const deps = { clock: this.clock, random: seededRandom(1), log };
    this.laggards = new FleetLaggards(deps, this, "own");
  }

  async members(): Promise<readonly FleetMember[]> {
    if (this.others instanceof Error) throw this.others;
    return Object.entries({ own: this.own, ...this.others }).map(([sidecar, revision]) => {
      return { sidecar, revision, api: undefined, host: undefined };
    });
  }

  /** Lets the next look happen. */
  async look(): Promise<string | undefined> {
    await this.clock.advance(30_000);
    return this.laggards.problem;
  }

  /** Events of the log. */
  get told(): readonly unknown[] {
    return this.lines.map((line) => (JSON.parse(line) as { event: unknown }).event);
  }
}

/** What a sidecar knows that has looked once. */
async function run(work: (bed: Bed) => Promise<void>): Promise<void> {
  const bed = new Bed();
  const end = new AbortController();
  const running = bed.laggards.run(end.signal);
  expect(await bed.look()).toBeUndefined();
  await work(bed);
  end.abort();
  await running;
}

test("FleetLaggards names those who are behind at two looks, until they follow", () =>
  run(async (bed) => {
    bed.others = { a: 7, b: 5, c: 8, new: 0 };
    expect(await bed.look()).toBeUndefined();
    bed.others = { a: 7, b: 5, c: 8, new: 7 };
    expect(await bed.look()).toBe("fleet: b acts on revision 5; here it is 7");
    expect(await bed.look()).toContain("b acts on revision 5");
    bed.others = { a: 7, b: 7 };
    expect(await bed.look()).toBeUndefined();
    expect(bed.told).toEqual(["fleet.lags", "fleet.in_step"]);
  }));

test("FleetLaggards gives everybody the time between two looks to follow a shift", () =>
  run(async (bed) => {
    // A steady row of shifts: at each look everybody is behind the newest one.
    for (let turn = 0; turn < 5; turn += 1) {
      bed.others = { a: bed.own };
      bed.own += 10;
      expect(await bed.look()).toBeUndefined();
    }
  }));

test("FleetLaggards knows nothing while Consul is away, and begins anew", () =>
  run(async (bed) => {
    bed.others = { b: 5 };
    await bed.look();
    expect(await bed.look()).toContain("b acts");
    bed.others = new ConsulError("consul_unreachable", "read the fleet", "refused");
    expect(await bed.look()).toBeUndefined();
    bed.others = { b: 5 };
    expect(await bed.look()).toBeUndefined();
    expect(await bed.look()).toContain("b acts");
    // Nobody has seen b follow.
    expect(bed.told).toEqual(["fleet.lags", "fleet.lags"]);
  }));

test("FleetLaggards accuses nobody while its own sidecar is not on the list", () =>
  run(async (bed) => {
    bed.own = 0;
    bed.others = { b: 5 };
    await bed.look();
    expect([await bed.look(), await bed.look()]).toEqual([undefined, undefined]);
  }));
