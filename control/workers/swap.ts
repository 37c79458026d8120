import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { ListenerTls } from "../../proxy/table/tls.ts";
import { DrainingError, SwapError, WorkerError } from "../base/errors.ts";
import type { ControlError } from "../base/errors.ts";
import { within } from "../base/worker-answer.ts";
import type { WorkerProcess } from "./worker-process.ts";
import type { WorkerSet } from "./worker-set.ts";
import { tryWorker } from "./worker-trial.ts";

/** How long new code may take to start, beyond its trial. */
const START_WAIT_MS = 10_000;

/** How long after its connections close a process's end may become known. */
const END_NOTICE_MS = 200;

/** Old workers that may still end long responses; more swaps are refused until one has ended. */
const RETIRING_MAX = 16;

/** Default length of the trial: long enough to catch workers that start well and then fail. */
export const TRIAL_DEFAULT_MS = 2_000;

/** Longest trial. It holds up other swaps and upgrades, and a trial finds nothing new after it. */
export const TRIAL_MAX_MS = 600_000;

/** How the workers' code is replaced. */
export type SwapOptions = {
  /** The new worker's entry file. undefined: the same file as before, as it is on disk now. */
  readonly file: string | undefined;
  /** How long new workers are tried with requests of our own before they get traffic. */
  readonly trialMs: number;
  /** Aborted when nobody waits for the swap any more: a trial then ends. Absent: it goes on. */
  readonly signal?: AbortSignal | undefined;
};

/** Process ids after a swap. */
export type SwapReport = {
  readonly started: readonly number[];
  readonly retired: readonly number[];
};

/**
 * Replaces the workers' code with what is on disk now: new workers are tried, then they accept in
 * place of the old ones, which finish what is under way and give their connections away. Resolves
 * when the new ones serve. @throws SwapError when one fails its trial: then nothing has changed;
 * DrainingError
 */
export async function swapWorkers(
  set: WorkerSet,
  options: SwapOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<SwapReport> {
  const { trialMs, signal } = options;
  const file = options.file ?? set.file;
  refuseTooMany(set.retiring);
  refuseIfLeft(signal);
  const successors = set.spawnOnTrial(file);
  try {
    await Promise.race([tryWorkers(successors, trialMs, clock, set.trialTls), leaving(signal)]);
    refuseIfLeft(signal);
    if (set.isStopped) throw new DrainingError("swap workers");
    await set.serveAll(successors);
  } catch (error) {
    // A new worker that already serves gives what it has to the old ones.
    for (const worker of successors) void set.retire(worker);
    const refusal = swapRefusal(error);
    log.warn("workers.swap-refused", { file, message: refusal.message });
    throw refusal;
  }
  set.file = file;
  // Includes one that has replaced another in the meantime.
  const old = set.current.filter((worker) => !successors.includes(worker));
  for (const worker of old) void set.retire(worker);
  const started = successors.map(({ pid }) => pid);
  log.info("workers.swapped", { file, started: started.join(" ") });
  return { started, retired: old.map(({ pid }) => pid) };
}

/** @throws SwapError when there are already too many old workers. */
function refuseTooMany(retiring: number): void {
  if (retiring < RETIRING_MAX) return;
  throw new SwapError(`${RETIRING_MAX} workers of earlier swaps still end their responses`);
}

/** @throws SwapError when whoever wanted the swap has left. */
function refuseIfLeft(signal: AbortSignal | undefined): void {
  if (signal?.aborted ?? false) throw new SwapError("whoever asked for it has left");
}

/** Rejects when whoever wanted the swap leaves. */
function leaving(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = (): void => reject(new SwapError("whoever asked for it has left"));
    signal?.addEventListener("abort", refuse, { once: true });
  });
}

/** The refusal of a swap that failed. */
export function swapRefusal(error: unknown): ControlError {
  if (error instanceof DrainingError || error instanceof SwapError) return error;
  if (error instanceof WorkerError) return new SwapError(error.why, { cause: error });
  return new SwapError(errorText(error), { cause: error });
}

/** Tries new workers side by side. @throws WorkerError with what the first bad one did. */
export async function tryWorkers(
  workers: readonly WorkerProcess[],
  trialMs: number,
  clock: Clock,
  tls?: ListenerTls,
): Promise<void> {
  const tried = workers.map((worker) =>
    within(
      tryOne(worker, trialMs, clock, tls),
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

async function tryOne(
  worker: WorkerProcess,
  trialMs: number,
  clock: Clock,
  tls: ListenerTls | undefined,
): Promise<void> {
  try {
    await Promise.race([tryWorker(worker, trialMs, clock, tls), failAtEnd(worker)]);
  } catch (error) {
    // Its end says more than the connection, which broke a moment earlier.
    await orLate(failAtEnd(worker), END_NOTICE_MS, clock, () => undefined);
    throw error;
  }
}

/**
 * A request to a worker that has ended would wait in its socket's queue, so its end is the answer.
 */
async function failAtEnd(worker: WorkerProcess): Promise<never> {
  const by = await worker.ended;
  throw new WorkerError(`worker ${worker.pid} ended on trial (${by})`);
}
