import { expect, test } from "vitest";
import {
  askWorkers,
  reasonOf,
  STATS_WAIT_MS,
  totalsOrZeros,
} from "../../../control/api/worker-stats.ts";
import type { WorkersView } from "../../../control/api/deps.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { oneWorker } from "../../support/worker-stats.ts";

function workersWith(stats: () => Promise<readonly WorkerStats[]>): WorkersView {
  return { stats, restarts: 0, pids: [41, 42] };
}

test("askWorkers() adds up what all workers count", async () => {
  const workers = workersWith(async () => [oneWorker(), oneWorker()]);
  const counts = await askWorkers(workers, fixedClock);
  expect(counts.kind).toBe("known");
  expect(totalsOrZeros(counts).version("web", "v1").exchangesOpen).toBe(6);
});

test("askWorkers() says what a worker said that cannot count", async () => {
  const workers = workersWith(() => Promise.reject(new Error("worker 41 has ended")));
  expect(await askWorkers(workers, fixedClock)).toEqual({
    kind: "missing",
    reason: "worker 41 has ended",
  });
});

test("askWorkers() waits no longer than STATS_WAIT_MS for a worker that is stuck", async () => {
  const clock = new ManualClock();
  const late = askWorkers(
    workersWith(() => new Promise<never>(() => undefined)),
    clock,
  );
  let settled = false;
  void late.then(() => (settled = true));
  await clock.advance(STATS_WAIT_MS - 1);
  expect(settled).toBe(false);
  await clock.advance(1);
  expect(await late).toEqual({
    kind: "missing",
    reason: "not all of workers 41, 42 answered in 2000 ms",
  });
});

test("askWorkers() leaves no timer behind when they have answered", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const clock = {
    ...fixedClock,
    sleep: (_forMs: number, signal?: AbortSignal) => {
      signals.push(signal);
      return fixedClock.sleep(0);
    },
  };
  await askWorkers(
    workersWith(async () => []),
    clock,
  );
  expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
});

test("totalsOrZeros() counts nothing where nothing is known", () => {
  const totals = totalsOrZeros({ kind: "missing", reason: "stuck" });
  expect(totals.version("web", "v1").exchangesOpen).toBe(0);
});

test("reasonOf() says why counts are zeros, and nothing when they are known", () => {
  expect(reasonOf({ kind: "missing", reason: "stuck" })).toEqual({ countsMissing: "stuck" });
  expect(
    reasonOf({ kind: "known", totals: totalsOrZeros({ kind: "missing", reason: "" }) }),
  ).toEqual({});
});
