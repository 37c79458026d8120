import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { within } from "../base/worker-answer.ts";
import { plannedShares } from "./planned-shares.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** How often workers are compared. */
export const BALANCE_INTERVAL_MS = 1_000;

/** How long a worker may take to give its share away: it waits for connections in use. */
const SHARE_WAIT_MS = 2_000;

/** A worker, as far as it matters here. */
export type Balanced = Pick<WorkerProcess, "pid" | "stats" | "ask" | "askStats">;

/**
 * Keeps the workers' client connections equally many. The kernel gives a connection to whichever
 * worker looks first, and clients that keep theirs would stay where they came. Runs until it is
 * aborted. Never rejects: a worker that does not answer is the watchdog's.
 */
export async function balanceWorkers(
  serving: () => readonly Balanced[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await pause(clock, BALANCE_INTERVAL_MS, signal);
    const workers = serving();
    if (!signal.aborted && workers.length > 1) await balance(workers, clock).catch(() => undefined);
  }
}

/** @throws WorkerError when a worker does not answer. */
async function balance(workers: readonly Balanced[], clock: Clock): Promise<void> {
  const answered = workers.map((worker) => worker.askStats());
  await within(Promise.all(answered), "workers to be balanced", SHARE_WAIT_MS, clock);
  const shares = plannedShares(workers.map(({ pid, stats }) => ({ pid, open: openIn(stats) })));
  const given = shares.flatMap(({ from, to, count }) => {
    const giver = workers.find(({ pid }) => pid === from);
    return giver === undefined ? [] : [giver.ask({ kind: "share", to, count })];
  });
  await within(Promise.all(given), "workers that share", SHARE_WAIT_MS, clock);
}

function openIn(stats: Balanced["stats"]): number {
  const { h1 = 0, h2 = 0, tunnel = 0 } = stats?.connections ?? {};
  return h1 + h2 + tunnel;
}
