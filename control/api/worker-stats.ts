import { orLate } from "../../proxy/base/deadline.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { WorkerTotals } from "../views/worker-totals.ts";
import type { WorkersView } from "./deps.ts";

/** How long a read waits for the workers' counts: a worker that takes longer is stuck. */
export const STATS_WAIT_MS = 2000;

/** The workers' counts added up, or why they are not known. */
export type WorkerCounts =
  | { readonly kind: "known"; readonly totals: WorkerTotals }
  | { readonly kind: "missing"; readonly reason: string };

/** Asks every worker for its counts, and does not wait for one that does not answer. */
export async function askWorkers(workers: WorkersView, clock: Clock): Promise<WorkerCounts> {
  const answer = workers.stats().then(
    (stats): WorkerCounts => ({ kind: "known", totals: new WorkerTotals(stats) }),
    (error: unknown) => missing(error instanceof Error ? error.message : String(error)),
  );
  return orLate(answer, STATS_WAIT_MS, clock, () =>
    missing(`not all of workers ${workers.pids.join(", ")} answered in ${STATS_WAIT_MS} ms`),
  );
}

/** The totals; zeros when they are not known. */
export function totalsOrZeros(counts: WorkerCounts): WorkerTotals {
  return counts.kind === "known" ? counts.totals : new WorkerTotals([]);
}

function missing(reason: string): WorkerCounts {
  return { kind: "missing", reason };
}
