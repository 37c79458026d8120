import { describe, expect, onTestFinished, test } from "vitest";
import { ASK_INTERVAL_MS, HANG_MS, Watchdog } from "../../../control/workers/watchdog.ts";
import type { Watched } from "../../../control/workers/watchdog.ts";
import { WorkerError } from "../../../control/base/errors.ts";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** From the start to the end of a worker that answers nothing: it is asked at the first tick. */
const TICKS_TO_END = 1 + HANG_MS / ASK_INTERVAL_MS;

const STATS: WorkerStats = {
  versions: [],
  endpoints: [],
  filters: [],
  rejected: {},
  revision: 1,
  connections: { h1: 0, h2: 0, tunnel: 0 },
};

/** A worker that answers when the test wants it to. */
class FakeWorker implements Watched {
  readonly pid: number;
  protocol: number | undefined = 1;
  onTrial = false;
  isStuck = false;
  asked = 0;
  crashes = 0;
  #waiting = Promise.withResolvers<WorkerStats>();

  constructor(pid: number) {
    this.pid = pid;
  }

  askStats(): Promise<WorkerStats> {
    this.asked += 1;
    this.#waiting = Promise.withResolvers();
    if (!this.isStuck) this.#waiting.resolve(STATS);
    return this.#waiting.promise;
  }

  crash(): void {
    this.crashes += 1;
  }

  /** Answers what it was asked last. */
  answer(): void {
    this.#waiting.resolve(STATS);
  }

  fail(): void {
    this.#waiting.reject(new WorkerError("no such question"));
  }
}

type Watching = {
  readonly watchdog: Watchdog;
  /** Resolves when it has stopped. */
  readonly over: Promise<void>;
  readonly warned: readonly unknown[];
};

function watch(workers: readonly Watched[], clock: Clock): Watching {
  const warned: unknown[] = [];
  const log: Log = {
    info: () => undefined,
    warn: (event, fields) => void warned.push([event, fields]),
    error: () => undefined,
  };
  const watchdog = new Watchdog({ workers: () => workers, clock, log });
  onTestFinished(() => watchdog.stop());
  return { watchdog, over: watchdog.run(), warned };
}

/** A clock by which every sleep of a second takes a minute: what is due comes late. */
function lateClock(clock: ManualClock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    sleep: (forMs, signal) => clock.sleep(60 * forMs, signal),
  };
}

describe("Watchdog", () => {
  test("asks every worker each second, and leaves those alone that answer", async () => {
    const clock = new ManualClock();
    const workers = [new FakeWorker(1), new FakeWorker(2)];
    const { warned } = watch(workers, clock);
    await clock.advance(60_000);
    expect(workers.map(({ asked, crashes }) => [asked, crashes])).toEqual([
      [60, 0],
      [60, 0],
    ]);
    expect(warned).toEqual([]);
  });

  test("ends a worker that owes an answer for HANG_MS, once, and asks nothing more", async () => {
    const clock = new ManualClock();
    const [well, stuck] = [new FakeWorker(1), new FakeWorker(2)];
    const { warned } = watch([well, stuck], clock);
    await clock.advance(5_000);
    stuck.isStuck = true;
    await clock.advance(TICKS_TO_END * ASK_INTERVAL_MS - 1);
    expect([stuck.crashes, warned]).toEqual([0, []]);
    await clock.advance(1);
    expect(stuck.crashes).toBe(1);
    await clock.advance(60_000);
    expect([stuck.crashes, stuck.asked, well.crashes]).toEqual([1, 6, 0]);
    expect(warned).toEqual([["worker.hung", { pid: 2, forMs: HANG_MS }]]);
  });

  test.each(["answer", "fail"] as const)(
    "begins to count anew when a worker does %s at the last moment",
    async (how) => {
      const clock = new ManualClock();
      const worker = new FakeWorker(1);
      worker.isStuck = true;
      watch([worker], clock);
      await clock.advance(ASK_INTERVAL_MS);
      for (let round = 1; round <= 3; round += 1) {
        await clock.advance(HANG_MS - 1);
        worker[how]();
        // The tick at which it would have been ended: it is asked again.
        await clock.advance(1);
        expect([worker.crashes, worker.asked]).toEqual([0, round + 1]);
      }
    },
  );

  test("a tick that comes late counts once, however late", async () => {
    const clock = new ManualClock();
    const worker = new FakeWorker(1);
    worker.isStuck = true;
    const { warned } = watch([worker], lateClock(clock));
    await clock.advance((TICKS_TO_END - 1) * 60_000);
    expect([worker.asked, worker.crashes]).toEqual([1, 0]);
    await clock.advance(60_000);
    expect(warned).toEqual([["worker.hung", { pid: 1, forMs: 600_000 }]]);
  });

  test("asks neither a worker on trial nor one that starts, until they serve", async () => {
    const clock = new ManualClock();
    const [onTrial, starting] = [new FakeWorker(1), new FakeWorker(2)];
    onTrial.onTrial = true;
    starting.protocol = undefined;
    watch([onTrial, starting], clock);
    await clock.advance(60_000);
    expect([onTrial.asked, starting.asked]).toEqual([0, 0]);
    onTrial.onTrial = false;
    starting.protocol = 1;
    await clock.advance(ASK_INTERVAL_MS);
    expect([onTrial.asked, starting.asked]).toEqual([1, 1]);
  });

  test("stop() ends it at once", async () => {
    const clock = new ManualClock();
    const worker = new FakeWorker(1);
    const { watchdog, over } = watch([worker], clock);
    watchdog.stop();
    await over;
    await clock.advance(60_000);
    expect(worker.asked).toBe(0);
  });
});
