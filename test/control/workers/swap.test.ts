import { describe, expect, onTestFinished, test } from "vitest";
import { DrainingError, SwapError, WorkerError } from "../../../control/base/errors.ts";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import { swapRefusal, tryWorkers } from "../../../control/workers/swap.ts";
import type { SwapReport } from "../../../control/workers/swap.ts";
import { Briefing } from "../../../control/workers/briefing.ts";
import { Workers } from "../../../control/workers/workers.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import type { ListenerSnapshot, TableChange } from "../../../proxy/table/snapshot.ts";
import { eventually } from "../../support/eventually.ts";
import { KeptConnection } from "../../support/kept-connection.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { WORKER } from "../../support/sidecar.ts";
import { STARTED, scriptedWorker, workerFile } from "./scripted-worker.ts";

const LISTENER: ListenerSnapshot = {
  bind: "127.0.0.1:0",
  service: undefined,
  trustedPeers: [],
  proxyProtocol: false,
  protocols: ["http/1.1" as const],
  connectionsMax: 100,
};

const CRASHES = "process.exit(7);";
const HANGS = `onAsked("listen", () => undefined);${STARTED}`;
/** Answers its check, and is gone a moment later. */
const DIES = `onAsked("listen", (message, handle) => {
  listen(message, handle, 204);
  setTimeout(() => process.exit(8), 100);
});${STARTED}`;

const EMPTY: TableChange = { revision: 5, replace: [], remove: [] };

const ignore = (): void => undefined;

type Running = { readonly workers: Workers; readonly logged: string[] };

/** Real workers, as one sidecar has them. */
async function running(count: number, clock: Clock = systemClock): Promise<Running> {
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const log: Log = { info: note, warn: note, error: note };
  const sockets = new ListeningSockets();
  const deps = { briefing: new Briefing(), sockets, log, clock, onEvent: ignore };
  const workers = new Workers({ ...deps, count, file: WORKER, pseudonym: "test" });
  onTestFinished(() => {
    workers.close();
    sockets.closeAll();
  });
  await workers.start();
  return { workers, logged };
}

/** Swaps to a worker of these lines. Absent: to what we have. */
async function swap(workers: Workers, lines?: string, trialMs = 0): Promise<SwapReport> {
  const file = lines === undefined ? undefined : await workerFile(lines);
  return workers.swap({ file, trialMs });
}

/** Lets time pass, `stepMs` at a time, until a promise is settled. */
async function turnUntil<Result>(
  clock: ManualClock,
  stepMs: number,
  work: Promise<Result>,
): Promise<Result> {
  let isSettled = false;
  const settled = work.finally(() => (isSettled = true));
  await eventually(async () => {
    await clock.advance(stepMs);
    if (!isSettled) throw new Error("Nothing has come of it yet");
  }, 20_000);
  return settled;
}

/** What is answered to a request for a service that nobody knows: who answers at all is there. */
async function statusAt(address: string): Promise<number> {
  const client = await KeptConnection.open(Number(address.split(":").at(-1)));
  const { status } = await client.get("web").finally(() => client.close());
  return status;
}

describe("tryWorkers()", () => {
  test("says how one of them has ended, without waiting for the others", async () => {
    const workers = [await scriptedWorker(HANGS), await scriptedWorker(DIES)];
    const tried = tryWorkers(workers, 60_000, systemClock);
    await expect(tried).rejects.toThrow(`worker ${workers[1]?.pid} ended on trial (8)`);
  });

  test("does not wait for one that hangs for longer than its trial and a start take", async () => {
    const clock = new ManualClock();
    const worker = await scriptedWorker(HANGS);
    const tried = tryWorkers([worker], 2_000, clock);
    const failed = expect(tried).rejects.toThrow(`worker ${worker.pid} on trial did not answer`);
    await clock.advance(12_000);
    await failed;
  });
});

test("swapRefusal() says why, and leaves a drain what it is", () => {
  const cause = new WorkerError("worker 12 ended on trial (7)");
  const refusal = swapRefusal(cause);
  expect([refusal, refusal.cause, refusal.code, refusal.status]).toEqual([
    new SwapError("worker 12 ended on trial (7)"),
    cause,
    "swap_refused",
    409,
  ]);
  const draining = new DrainingError("swap workers");
  expect(swapRefusal(draining)).toBe(draining);
});

describe("Workers.swap()", () => {
  test("starts as many as there were, and ends the others when the new ones serve", async () => {
    const { workers, logged } = await running(2);
    const address = await workers.listen(LISTENER);
    await workers.apply(EMPTY);
    const old = workers.pids;
    const { started, retired } = await swap(workers);
    expect([started.length, retired, workers.pids]).toEqual([2, old, started]);
    expect(await statusAt(address)).toBe(404);
    await eventually(() => {
      for (const pid of old) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    });
    const revisions = (await workers.stats()).map(({ revision }) => revision);
    expect(revisions.filter((each) => each > 0)).toEqual([5, 5]);
    expect([workers.restarts, logged.filter((each) => each === "worker.ended")]).toEqual([0, []]);
  });

  test("ends a trial at once when nobody waits for it any more", async () => {
    const { workers } = await running(1);
    const old = workers.pids;
    const caller = new AbortController();
    const swapped = workers.swap({ file: undefined, trialMs: 600_000, signal: caller.signal });
    const refused = expect(swapped).rejects.toThrow("whoever asked for it has left");
    caller.abort();
    await refused;
    await eventually(() => expect(workers.pids).toEqual(old));
    const again = workers.swap({ file: undefined, trialMs: 0, signal: caller.signal });
    await expect(again).rejects.toMatchObject({ code: "swap_refused" });
  });

  test.each([
    ["crashes at start", CRASHES, "ended on trial (7)"],
    ["dies on trial", DIES, "ended on trial (8)"],
    ["answers wrongly", `onAsked("listen", (m, h) => listen(m, h, 500));${STARTED}`, "found 500"],
  ])("to code that %s changes nothing", async (_what, lines, why) => {
    const { workers, logged } = await running(1);
    const address = await workers.listen(LISTENER);
    const old = workers.pids;
    const swapped = swap(workers, lines, 2_000);
    await expect(swapped).rejects.toThrow(SwapError);
    await expect(swapped).rejects.toThrow(why);
    await eventually(() => expect(workers.pids).toEqual(old));
    expect([await statusAt(address), workers.restarts]).toEqual([404, 0]);
    expect(logged).toContain("workers.swap-refused");
    // What is started from now on is of the old code too.
    process.kill(old[0] ?? Number.NaN, "SIGKILL");
    await eventually(() => expect(workers.restarts).toBe(1));
    expect(await statusAt(address)).toBe(404);
  });

  test("to code that hangs changes nothing, and delays neither counts nor writes", async () => {
    const clock = new ManualClock();
    const { workers } = await running(1, clock);
    const old = workers.pids;
    const swapped = swap(workers, HANGS, 2_000);
    const refused = expect(swapped).rejects.toThrow("did not answer in time");
    await eventually(() => expect(workers.pids).toHaveLength(2));
    await workers.apply(EMPTY);
    expect((await workers.stats())[0]?.revision).toBe(5);
    await turnUntil(clock, 100, refused);
    await eventually(() => expect(workers.pids).toEqual(old));
  });

  test("a worker on trial accepts nobody, not even at a listener opened meanwhile", async () => {
    const { workers } = await running(1);
    // It counts its listeners: one is its trial's own, until it serves.
    const lines = `let listeners = 0;
      onAsked("listen", (message, handle) => {
        listeners += 1;
        listen(message, handle, 203 + listeners);
      });${STARTED}`;
    const swapped = swap(workers, lines, 500);
    await eventually(() => expect(workers.pids).toHaveLength(2));
    const address = await workers.listen(LISTENER);
    for (let each = 0; each < 20; each += 1) expect(await statusAt(address)).toBe(404);
    await swapped;
    expect(await statusAt(address)).toBe(205);
  });

  test("a table that comes while new workers are tried is theirs too", async () => {
    const { workers } = await running(1);
    const swapped = swap(workers, undefined, 500);
    await eventually(() => expect(workers.pids).toHaveLength(2));
    await workers.apply(EMPTY);
    await swapped;
    const revisions = (await workers.stats()).map(({ revision }) => revision);
    expect(revisions.at(0)).toBe(5);
  });

  test("an old worker that dies meanwhile, and the one in its place, both make room", async () => {
    const { workers } = await running(1);
    const address = await workers.listen(LISTENER);
    const [old = 0] = workers.pids;
    const swapped = swap(workers, undefined, 1_500);
    await eventually(() => expect(workers.pids).toHaveLength(2));
    process.kill(old, "SIGKILL");
    const { started, retired } = await swapped;
    expect([started.length, retired.length, retired.includes(old)]).toEqual([1, 1, false]);
    await eventually(() => expect(workers.pids).toEqual(started));
    expect(await statusAt(address)).toBe(404);
  });

  test("a new worker that ends between its trial and its work undoes the swap", async () => {
    const { workers } = await running(2);
    const address = await workers.listen(LISTENER);
    const old = workers.pids;
    // Its second listener is the first that counts.
    const lines = `let listeners = 0;
      onAsked("listen", (message, handle) => {
        listeners += 1;
        if (listeners === 2) process.exit(9);
        listen(message, handle, 204);
      });${STARTED}`;
    await expect(swap(workers, lines)).rejects.toThrow(/Cannot swap workers: worker \d+ ended/);
    await eventually(() => expect(workers.pids).toEqual(old));
    expect(await statusAt(address)).toBe(404);
    await swap(workers);
    expect(workers.pids).toHaveLength(2);
  });

  test("a drain that begins meanwhile wins, and no socket is bound again", async () => {
    const { workers } = await running(1);
    const address = await workers.listen(LISTENER);
    const swapped = expect(swap(workers, undefined, 500)).rejects.toThrow(/Cannot swap workers: /);
    await eventually(() => expect(workers.pids).toHaveLength(2));
    workers.close();
    await swapped;
    await eventually(() => expect(workers.pids).toEqual([]));
    await expect(statusAt(address)).rejects.toThrow("ECONNREFUSED");
  });

  test("old workers that never end are bounded: swaps are refused until one ends", async () => {
    const { workers } = await running(1);
    const address = await workers.listen(LISTENER);
    const stays = `onAsked("handOver", () => undefined);${STARTED}`;
    const pids: number[] = [];
    for (let swaps = 0; swaps < 17; swaps += 1) pids.push(...(await swap(workers, stays)).started);
    const refused = "Cannot swap workers: 16 workers of earlier swaps still end their responses";
    await expect(swap(workers, stays)).rejects.toThrow(refused);
    expect(await statusAt(address)).toBe(204);
    process.kill(pids[0] ?? Number.NaN, "SIGKILL");
    await eventually(async () => void (await swap(workers, stays)));
    expect(workers.restarts).toBe(0);
  });

  test("an old worker that is stuck fails neither writes nor counts", async () => {
    const clock = new ManualClock();
    const { workers } = await running(1, clock);
    const [old = 0] = workers.pids;
    process.kill(old, "SIGSTOP");
    onTestFinished(() => void process.kill(old, "SIGKILL"));
    await turnUntil(clock, 1, swap(workers));
    const asked = Promise.all([workers.apply(EMPTY), workers.stats()]);
    // It answers in order: the other one is all that is waited for.
    await workers.serving[0]?.askStats();
    await clock.advance(1_000);
    const [, stats] = await asked;
    expect(stats.some(({ revision }) => revision === 5)).toBe(true);
  });
});
