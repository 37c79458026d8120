import type { Output } from "./output.ts";

/** What asks a command to end. SIGHUP: its terminal is gone. */
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Aborts the work's signal on Ctrl-C, SIGTERM and SIGHUP, and when nobody reads the output any
 * more, and waits for it to end in its own way.
 */
export async function untilInterrupted<Result>(
  { ended }: Pick<Output, "ended">,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupt = new AbortController();
  const abort = (): void => interrupt.abort();
  for (const signal of END_SIGNALS) process.on(signal, abort);
  ended?.addEventListener("abort", abort);
  try {
    return await work(interrupt.signal);
  } finally {
    for (const signal of END_SIGNALS) process.off(signal, abort);
    ended?.removeEventListener("abort", abort);
  }
}
