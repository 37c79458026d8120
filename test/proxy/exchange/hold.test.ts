import { describe, expect, test } from "vitest";
import { Hold } from "../../../proxy/exchange/hold.ts";
import type { HeldAt } from "../../../proxy/exchange/hold.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import type { ManualWheel } from "../../support/manual-wheel.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { poolDeps } from "../upstream/pool-fixture.ts";
import { VersionPool } from "../../../proxy/upstream/version-pool.ts";

const SHARES = [1, 1, 1] as const;

type Bed = ManualWheel & { readonly hold: Hold; readonly heard: string[] };

function bed(): Bed {
  const manual = manualWheel();
  const heard: string[] = [];
  const hold = new Hold(manual.wheel, {
    onRelease: () => heard.push("release"),
    onWaitedOut: () => heard.push("waited out"),
  });
  return { ...manual, hold, heard };
}

function at(parts: Partial<HeldAt> = {}): HeldAt {
  return {
    live: { table: { shares: SHARES } },
    pool: undefined,
    rank: 1,
    holdMs: 0,
    bufferBytes: 0,
    isQueued: false,
    waitedMs: 0,
    ...parts,
  };
}

/** A request without anything to wait for. */
const WHOLE = { collects: () => false };

/** A version that is full, and lets requests wait for a second. */
function fullPool(): VersionPool {
  const { limits, ...snapshot } = serviceSnapshot({ v1: 1 });
  const policy = { ...snapshot, limits: { ...limits, inFlight: 1, pendingTimeoutMs: 1_000 } };
  const pool = new VersionPool("web", "v1", policy, poolDeps());
  pool.inFlight = 1;
  return pool;
}

describe("Hold on purpose", () => {
  test("tells when it is over, once, and can begin again", () => {
    const { hold, heard, advance } = bed();
    expect([hold.begins(at(), WHOLE), hold.begins(at({ holdMs: 500 }), WHOLE)]).toEqual([
      false,
      true,
    ]);
    advance(400);
    expect(heard).toEqual([]);
    advance(200);
    expect(heard).toEqual(["release"]);
    advance(5_000);
    hold.begins(at({ holdMs: 100 }), WHOLE);
    advance(300);
    expect(heard).toEqual(["release", "release"]);
  });

  test("tells nobody once it is ended, and may be ended before it begins", () => {
    const { hold, heard, advance } = bed();
    hold.end();
    hold.begins(at({ holdMs: 500 }), WHOLE);
    hold.end();
    advance(5_000);
    expect(heard).toEqual([]);
  });
});

describe("Hold for a turn", () => {
  test("goes on when somebody leaves, and knows how long that took", () => {
    const { hold, heard, advance } = bed();
    const pool = fullPool();
    const place = at({ pool, isQueued: true });
    expect([hold.begins(place, WHOLE), hold.isWaiting]).toEqual([true, true]);
    advance(300);
    pool.left(5, SHARES);
    expect([heard, place.isQueued, place.waitedMs, pool.inFlight]).toEqual([
      ["release"],
      false,
      300,
      1,
    ]);
    expect([hold.isWaiting, pool.turns.size]).toEqual([false, 0]);
    advance(5_000);
    expect(heard).toEqual(["release"]);
  });

  test("gives up after its time, and leaves the line when it is ended", () => {
    const { hold, heard, advance } = bed();
    const pool = fullPool();
    hold.begins(at({ pool, isQueued: true }), WHOLE);
    advance(1_100);
    expect(heard).toEqual(["waited out"]);
    hold.end();
    pool.left(5, SHARES);
    expect([pool.inFlight, heard]).toEqual([0, ["waited out"]]);
  });

  test("waits on purpose from its turn on", () => {
    const { hold, heard, advance } = bed();
    const pool = fullPool();
    hold.begins(at({ pool, isQueued: true, holdMs: 500 }), WHOLE);
    advance(900);
    pool.left(5, SHARES);
    advance(400);
    expect(heard).toEqual([]);
    advance(200);
    expect(heard).toEqual(["release"]);
  });
});

describe("Hold for a connection", () => {
  test("gives up after the time for that, if it has still none", () => {
    const { hold, heard, advance } = bed();
    const line = { inLine: true, pendingTimeoutMs: 500 };
    hold.waits(line);
    expect(hold.isWaiting).toBe(true);
    advance(600);
    expect(heard).toEqual(["waited out"]);
    hold.end();
    hold.waits(line);
    line.inLine = false;
    expect(hold.isWaiting).toBe(false);
    advance(600);
    expect(heard).toEqual(["waited out"]);
  });

  test("leaves the time to others where there is none", () => {
    const { hold, heard, advance } = bed();
    hold.waits({ inLine: true, pendingTimeoutMs: 0 });
    advance(60_000);
    expect([heard, hold.isWaiting]).toEqual([[], true]);
  });
});

describe("Hold for a body", () => {
  /** A request whose body comes when the test says. */
  function collected(): { collects: (max: number, done: () => void) => boolean; come: () => void } {
    let tell = (): void => undefined;
    return {
      collects: (_max, done) => {
        tell = done;
        return true;
      },
      come: () => tell(),
    };
  }

  test("goes on when that is there, however long it takes", () => {
    const { hold, heard, advance } = bed();
    const request = collected();
    expect(hold.begins(at({ bufferBytes: 10 }), request)).toBe(true);
    advance(60_000);
    expect([heard, hold.isWaiting]).toEqual([[], false]);
    request.come();
    expect(heard).toEqual(["release"]);
  });

  test("needs no turn any more when there is room by then, and else waits for one", () => {
    const { hold, heard, advance } = bed();
    const pool = fullPool();
    const [first, second] = [collected(), collected()];
    const places = [1, 2].map(() => at({ pool, bufferBytes: 10, isQueued: true }));
    const [place, other] = places as [HeldAt, HeldAt];
    hold.begins(place, first);
    pool.left(5, SHARES);
    first.come();
    expect([heard, place.isQueued, pool.inFlight]).toEqual([["release"], false, 1]);
    hold.begins(other, second);
    second.come();
    expect([heard, other.isQueued, pool.turns.size]).toEqual([["release"], true, 1]);
    advance(1_100);
    expect(heard).toEqual(["release", "waited out"]);
  });

  test("comes before everything else, and is forgotten with its request", () => {
    const { hold, heard, advance } = bed();
    const [first, second] = [collected(), collected()];
    hold.begins(at({ bufferBytes: 10, holdMs: 500 }), first);
    first.come();
    expect(heard).toEqual([]);
    advance(600);
    expect(heard).toEqual(["release"]);
    hold.begins(at({ bufferBytes: 10 }), second);
    hold.end();
    second.come();
    expect(heard).toEqual(["release"]);
  });
});
