import { describe, expect, onTestFinished, test } from "vitest";
import { Briefing } from "../../../control/workers/briefing.ts";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import { WorkerSet } from "../../../control/workers/worker-set.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { STARTED, workerFile } from "./scripted-worker.ts";

/*
 * Goal: how many workers there are, which of them count as what, and who replaces one that ends.
 * Method: real processes of a few lines, and a clock that the test turns where time matters.
 */

type Made = { readonly set: WorkerSet; readonly logged: string[]; readonly briefing: Briefing };

/** A set of `count` workers of these lines, not started yet. */
async function made(count: number, lines = STARTED, clock: Clock = systemClock): Promise<Made> {
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const log: Log = { info: note, warn: note, error: note };
  const [sockets, briefing] = [new ListeningSockets(), new Briefing()];
  const deps = { briefing, sockets, log, clock, onEvent: () => undefined };
  const file = await workerFile(lines);
  const set = new WorkerSet({ ...deps, count, file, pseudonym: "test" });
  onTestFinished(() => {
    set.stop();
    set.unwatch();
    for (const worker of set.all) worker.kill();
    sockets.closeAll();
  });
  return { set, logged, briefing };
}

describe("WorkerSet", () => {
  test("start() resolves when as many as wanted serve", async () => {
    const { set, logged } = await made(2);
    await set.start();
    expect([set.current.length, set.serving.length, set.all.length]).toEqual([2, 2, 2]);
    expect(logged).toEqual(["worker.started", "worker.started"]);
    expect(set.counts.map(({ revision }) => revision)).toEqual([1, 1]);
  });

  test("start() fails when a worker does not open its listener", async () => {
    const fails = `onAsked("listen", ({ id }) => say({ kind: "failed", id, message: "full" }));`;
    const { set, briefing } = await made(1, fails + STARTED);
    briefing.listeners.set("127.0.0.1:0", {
      bind: "127.0.0.1:0",
      service: undefined,
      trustedPeers: [],
      proxyProtocol: false,
      protocols: ["http/1.1" as const],
      connectionsMax: 100,
    });
    await expect(set.start()).rejects.toThrow("full");
  });

  test("start() names a worker that hangs for longer than a start may take", async () => {
    const clock = new ManualClock();
    const { set } = await made(1, `onAsked("stats", () => undefined);${STARTED}`, clock);
    const failed = expect(set.start()).rejects.toThrow("at its start did not answer in time");
    await clock.advance(15_000);
    await failed;
  });

  test("replaces one that ends by itself, and starts no other once it is stopped", async () => {
    const clock = new ManualClock();
    const { set, logged } = await made(1, STARTED, clock);
    await set.start();
    const [first] = set.current;
    await clock.advance(2_000);
    first?.crash();
    await eventually(() => expect(logged).toHaveLength(3));
    expect([set.restarts, set.current.filter((each) => each === first)]).toEqual([1, []]);
    expect(logged).toEqual(["worker.started", "worker.ended", "worker.started"]);
    set.stop();
    const [second] = set.current;
    second?.crash();
    await second?.ended;
    expect([set.isStopped, set.restarts, set.all]).toEqual([true, 1, []]);
  });

  test("workers on trial serve nobody until serveAll()", async () => {
    const { set } = await made(2);
    await set.start();
    const before = set.serving;
    const fresh = set.spawnOnTrial(set.file);
    expect([set.current.length, set.serving]).toEqual([4, before]);
    await set.serveAll(fresh);
    expect(set.serving).toEqual([...before, ...fresh]);
  });

  test("serveAll() fails for one that has ended; nobody replaces a trial", async () => {
    const { set, logged } = await made(1);
    const [worker] = set.spawnOnTrial(set.file);
    if (worker === undefined) throw new Error("wanted one on trial");
    await worker.end();
    expect([set.all, set.restarts, logged]).toEqual([[], 0, []]);
    const why = `worker ${worker.pid} ended when it was to serve`;
    await expect(set.serveAll([worker])).rejects.toThrow(why);
  });

  test("retire() lets a worker give its connections away, and keeps its counts", async () => {
    const { set, logged } = await made(
      1,
      `let asked;
      onAsked("stats", ({ id }) => {
        if (asked !== undefined) done(asked);
        say({ kind: "stats", id, stats: { ...STATS, rejected: { bad: 3 } } });
      });
      onAsked("handOver", (message) => { asked = message; });${STARTED}`,
    );
    await set.start();
    const [worker] = set.current;
    if (worker === undefined) throw new Error("wanted a worker");
    const retired = set.retire(worker);
    expect([set.serving, set.retiring, set.all]).toEqual([[], 1, [worker]]);
    await worker.askStats();
    await retired;
    expect([set.retiring, set.all, set.restarts]).toEqual([0, [], 0]);
    expect(set.counts.map(({ rejected }) => rejected)).toEqual([{ bad: 3 }]);
    expect(logged.at(-1)).toBe("worker.retired");
  });

  test("ask() fails for a worker that is slow, but not for one that ends or retires", async () => {
    const clock = new ManualClock();
    const { set } = await made(3, `onAsked("handOver", () => undefined);${STARTED}`, clock);
    await set.start();
    const [slow, ends, retires] = set.current;
    if (slow === undefined || ends === undefined || retires === undefined) throw new Error("few");
    const never = async (): Promise<void> => new Promise(() => undefined);
    void set.retire(retires);
    const asked = set.ask(retires, never);
    await clock.advance(1_000);
    await asked;
    const late = expect(set.ask(slow, never)).rejects.toThrow(`worker ${slow.pid} did not answer`);
    await clock.advance(5_000);
    await late;
    await set.ask(ends, async () => {
      await ends.end();
      throw new Error("gone");
    });
  });
});
