import { z } from "zod";
import { orLate } from "../../proxy/base/deadline.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { WorkerTotals } from "../views/worker-totals.ts";
import { statsUnavailable } from "./api-errors.ts";
import type { WorkersView } from "./deps.ts";

/** How long a read waits for the workers' counts: a worker that takes longer is stuck. */
export const STATS_WAIT_MS = 2000;

/** The workers' counts added up, or why they are not known. */
export type WorkerCounts =
  | { readonly kind: "known"; readonly totals: WorkerTotals }
  | { readonly kind: "missing"; readonly reason: string };

/** In every answer that holds counts. */
export const countsMissing = z
  .string()
  .optional()
  .describe("Which worker did not answer, so that all counts are 0; absent if all did");

/** The field that goes with countsMissing; none when the counts are known. */
export function reasonOf(counts: WorkerCounts): { readonly countsMissing?: string } {
  return counts.kind === "missing" ? { countsMissing: counts.reason } : {};
}

/** Asks every worker for its counts, and does not wait for one that does not answer. */
export async function askWorkers(workers: WorkersView, clock: Clock): Promise<WorkerCounts> {
  const answer = workers.stats().then(
    (stats): WorkerCounts => ({ kind: "known", totals: new WorkerTotals(stats) }),
    (error: unknown) => missing(errorText(error)),
  );
  return orLate(answer, STATS_WAIT_MS, clock, () =>
    missing(`not all of workers ${workers.pids.join(", ")} answered in ${STATS_WAIT_MS} ms`),
  );
}

/** The totals. @throws ControlError stats_unavailable when they are not known */
export async function knownTotals(workers: WorkersView, clock: Clock): Promise<WorkerTotals> {
  const counts = await askWorkers(workers, clock);
  if (counts.kind === "missing") throw statsUnavailable(counts.reason);
  return counts.totals;
}

/** The totals; zeros when they are not known. */
export function totalsOrZeros(counts: WorkerCounts): WorkerTotals {
  return counts.kind === "known" ? counts.totals : new WorkerTotals([]);
}

function missing(reason: string): WorkerCounts {
  return { kind: "missing", reason };
}
