import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { EVERYTHING, WHAT_STAYS, WorkerDrain } from "../../../proxy/drain/worker-drain.ts";
import type { ClientConnections } from "../../../proxy/clients/client-connections.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: which idle connection is closed when, and when a drain is over. Method: connections that
 * only note what happens to them, and a clock that the test turns.
 */

class Connection {
  readonly name: string;
  readonly tunnel = undefined;
  readonly exchange = undefined;
  staysHere = false;
  idleSinceMs: number | undefined;
  readonly #open: FakeConnections;

  constructor(name: string, idleSinceMs: number | undefined, open: FakeConnections) {
    this.name = name;
    this.idleSinceMs = idleSinceMs;
    this.#open = open;
  }

  closeWhenIdle(): void {
    if (this.idleSinceMs !== undefined) this.#open.remove(this);
  }
}

class FakeConnections {
  readonly all: Connection[] = [];
  /** Names in the order in which they were closed; `cut` for all that were left. */
  readonly closed: string[] = [];

  get size(): number {
    return this.all.length;
  }

  add(name: string, idleSinceMs: number | undefined): Connection {
    const connection = new Connection(name, idleSinceMs, this);
    this.all.push(connection);
    return connection;
  }

  remove(connection: Connection): void {
    this.closed.push(connection.name);
    this.all.splice(this.all.indexOf(connection), 1);
  }

  destroyAll(): void {
    if (this.all.length > 0) this.closed.push("cut");
    this.all.length = 0;
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return [...this.all].values();
  }
}

async function begin(
  terms: { perSecond?: number; softMs?: number; hardMs?: number },
  fill: (connections: FakeConnections) => void,
  scope = EVERYTHING,
): Promise<{
  clock: ManualClock;
  connections: FakeConnections;
  over: () => boolean;
}> {
  const clock = new ManualClock();
  const connections = new FakeConnections();
  await clock.advance(10_000);
  fill(connections);
  const all = { perSecond: 10, jitter: 0, softMs: 5_000, hardMs: 9_000, ...terms };
  const deps = { clock, random: seededRandom(1) };
  const open = connections as unknown as ClientConnections;
  const drain = new WorkerDrain(all, { ...deps, connections: open }, scope);
  let isOver = false;
  void drain.run().then(() => (isOver = true));
  await clock.advance(0);
  return { clock, connections, over: () => isOver };
}

describe("WorkerDrain", () => {
  test("closes those idle for longest first, one a turn, and ends with the last", async () => {
    const { clock, connections, over } = await begin({}, (fill) => {
      fill.add("c", 3_000);
      fill.add("a", 1_000);
      fill.add("b", 2_000);
    });
    expect(connections.closed).toEqual(["a"]);
    await clock.advance(100);
    expect(connections.closed).toEqual(["a", "b"]);
    expect(over()).toBe(false);
    await clock.advance(200);
    expect([connections.closed, over()]).toEqual([["a", "b", "c"], true]);
  });

  test("leaves those in use to their next answer, until the soft deadline", async () => {
    const { clock, connections, over } = await begin({}, (fill) => {
      fill.add("busy", undefined);
      fill.add("recent", 9_900);
    });
    await clock.advance(900);
    expect(connections.closed).toEqual([]);
    const [, recent] = connections.all;
    if (recent === undefined) throw new Error("It has been closed");
    // Used again and again: it is never idle for a second.
    for (let at = 0; at < 7; at += 1) {
      recent.idleSinceMs = clock.nowMs();
      await clock.advance(500);
    }
    expect(connections.closed).toEqual([]);
    await clock.advance(800);
    expect(connections.closed).toEqual(["recent"]);
    await clock.advance(3_000);
    expect(over()).toBe(false);
    await clock.advance(1_000);
    expect([connections.closed, over()]).toEqual([["recent", "cut"], true]);
  });

  test("goes faster than its rate when the soft deadline would pass", async () => {
    const { clock, connections, over } = await begin({ perSecond: 1 }, (fill) => {
      for (let at = 0; at < 50; at += 1) fill.add(`${at}`, at);
    });
    await clock.advance(2_500);
    // Half of the time, half of them: not all at once at the end.
    expect(connections.closed.length).toBeGreaterThan(20);
    expect(connections.closed.length).toBeLessThan(30);
    await clock.advance(2_600);
    expect([connections.size, over()]).toEqual([0, true]);
  });

  test("of what stays closes only that, and goes on for what comes later", async () => {
    const { clock, connections } = await begin(
      { hardMs: Infinity },
      (fill) => {
        fill.add("moves", 1_000);
        fill.add("stays", 2_000).staysHere = true;
      },
      WHAT_STAYS,
    );
    expect(connections.closed).toEqual(["stays"]);
    connections.add("late", 10_000).staysHere = true;
    await clock.advance(1_500);
    expect(connections.closed).toEqual(["stays", "late"]);
    await clock.advance(60_000);
    expect(connections.all.map(({ name }) => name)).toEqual(["moves"]);
  });

  test("is over at once when nothing is open, and at a hard deadline of 0", async () => {
    expect((await begin({}, () => undefined)).over()).toBe(true);
    const cut = await begin({ softMs: 0, hardMs: 0 }, (fill) => fill.add("busy", undefined));
    expect([cut.connections.closed, cut.over()]).toEqual([["cut"], true]);
  });
});
