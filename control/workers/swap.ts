import type { Clock } from "../../proxy/base/clock.ts";
import { DrainingError, SwapError, WorkerError } from "../base/errors.ts";
import type { ControlError } from "../base/errors.ts";
import { within } from "../base/worker-answer.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { tryWorker } from "./worker-trial.ts";

/** How long new code may take to start, beyond its trial. */
const START_WAIT_MS = 10_000;

/** How long after its connections a process may be known to have ended. */
const END_NOTICE_MS = 200;

/** Old workers that may still end long responses; more swaps are refused until one has ended. */
const RETIRING_MAX = 16;

/** Trial of new workers when nobody says otherwise: longer than a start that only looks well. */
export const TRIAL_DEFAULT_MS = 2_000;

/** How the workers' code is replaced. */
export type SwapOptions = {
  /** The new worker's entry file. undefined: the same file as before, as it is on disk now. */
  readonly file: string | undefined;
  /** How long new workers are tried with requests of our own before they get traffic. */
  readonly trialMs: number;
};

/** Process ids after a swap. */
export type SwapReport = {
  readonly started: readonly number[];
  readonly retired: readonly number[];
};

/** @throws SwapError when so many old workers are there that no more may become old. */
export function refuseTooMany(retiring: number): void {
  if (retiring < RETIRING_MAX) return;
  throw new SwapError(`${RETIRING_MAX} workers of earlier swaps still end their responses`);
}

/** What a swap that came to nothing is refused with. */
export function swapRefusal(error: unknown): ControlError {
  if (error instanceof DrainingError) return error;
  if (error instanceof WorkerError) return new SwapError(error.why, { cause: error });
  return new SwapError(error instanceof Error ? error.message : String(error), { cause: error });
}

/** Tries new workers side by side. @throws WorkerError with what the first bad one did. */
export async function tryWorkers(
  workers: readonly WorkerProcess[],
  trialMs: number,
  clock: Clock,
): Promise<void> {
  const tried = workers.map((worker) =>
    within(
      tryOne(worker, trialMs, clock),
      `worker ${worker.pid} on trial`,
      trialMs + START_WAIT_MS,
      clock,
    ),
  );
  await Promise.all(tried);
  // One may have ended while another was still tried.
  const ended = workers.find((worker) => worker.gone);
  if (ended !== undefined) await failAtEnd(ended);
}

async function tryOne(worker: WorkerProcess, trialMs: number, clock: Clock): Promise<void> {
  try {
    await Promise.race([tryWorker(worker, trialMs, clock), failAtEnd(worker)]);
  } catch (error) {
    // Its end says more than the connection that broke a moment before.
    await Promise.race([clock.sleep(END_NOTICE_MS), failAtEnd(worker)]);
    throw error;
  }
}

/** A request to a worker that has ended would wait in its socket's queue: its end is the answer. */
async function failAtEnd(worker: WorkerProcess): Promise<never> {
  const by = await worker.ended;
  throw new WorkerError(`worker ${worker.pid} ended on trial (${by})`);
}
