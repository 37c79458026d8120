import { availableParallelism } from "node:os";

/** Threads that V8 has for its own work where nobody says how many: Node's default. */
const HELPERS_MAX = 4;

const HELPERS_FLAG = "--v8-pool-size";

/**
 * How many threads compile and collect garbage beside the one that serves: as many as there are
 * other processors. After some hundred requests V8 compiles all that serves them at once; where
 * four threads do that on one processor, the one that serves gets a fifth of it for so long.
 * `cores`: processors that the worker may use, as its affinity and its control group have it.
 */
export function helperThreads(cores: number): number {
  return Math.max(1, Math.min(HELPERS_MAX, cores - 1));
}

/** How Node is started for a worker; `own`: the primary's own flags, which the worker has too. */
export function workerFlags(
  own: readonly string[],
  { NODE_OPTIONS = "" }: NodeJS.ProcessEnv,
  cores: number = availableParallelism(),
): string[] {
  const isSaid = [...own, ...NODE_OPTIONS.split(" ")].some((flag) => flag.startsWith(HELPERS_FLAG));
  const helpers = isSaid ? [] : [`${HELPERS_FLAG}=${helperThreads(cores)}`];
  // SIGUSR1 would open Node's debugger to every user of this machine.
  return [...own, ...helpers, "--disable-sigusr1"];
}
