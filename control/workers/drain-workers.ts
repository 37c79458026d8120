import { orLate } from "../../proxy/base/deadline.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { DrainPolicy } from "../config/service.ts";
import { partsOf } from "./rate-parts.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** How long after the deadline a worker may take to say that nothing is left. */
const ANSWER_WAIT_MS = 5_000;

/** Random share of its slot that the end of a connection may wait: see Pace. */
export const JITTER = 1;

/**
 * Has the workers end everything that they have open, each with its part of the rate. Resolves when
 * they have, or well after the deadline if one of them is stuck. Never rejects.
 */
export async function drainWorkers(
  workers: readonly Pick<WorkerProcess, "ask" | "stats">[],
  policy: DrainPolicy,
  clock: Clock,
): Promise<void> {
  const { softMs, hardMs, connectionsPerSecond } = policy;
  const held = workers.map(({ stats }) =>
    stats === undefined ? 0 : Object.values(stats.connections).reduce((sum, open) => sum + open, 0),
  );
  const rates = partsOf(connectionsPerSecond, held);
  const drained = workers.map((worker, at) =>
    worker.ask({ kind: "drain", perSecond: rates[at] ?? 0, jitter: JITTER, softMs, hardMs }),
  );
  const settled = Promise.allSettled(drained);
  await orLate(settled, hardMs + ANSWER_WAIT_MS, clock, () => undefined);
}
