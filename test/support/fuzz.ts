import type fc from "fast-check";

const SECONDS_IN_GATE = 5;
const SHORT_SECONDS_IN_GATE = 2;
const SEED_IN_GATE = 20_260_101;

/** How long a fuzz test runs: FUZZ_SECONDS, or a share of the gate's time. */
export const FUZZ_MS = 1000 * Number(process.env["FUZZ_SECONDS"] ?? SECONDS_IN_GATE);

/** The same for those that find what they look for in less of the gate's time. */
export const SHORT_FUZZ_MS = 1000 * Number(process.env["FUZZ_SECONDS"] ?? SHORT_SECONDS_IN_GATE);

/** FUZZ_SEED repeats a run; a failure prints its seed. */
export const SEED = Number(process.env["FUZZ_SEED"] ?? SEED_IN_GATE);

/** The parameters for fast-check. */
export const FUZZ_PARAMETERS: fc.Parameters<unknown> = {
  seed: SEED,
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: FUZZ_MS,
  markInterruptAsFailure: false,
};
