import { performance } from "node:perf_hooks";
import { setTimeout as sleepMs } from "node:timers/promises";

/**
 * Time as an argument: everything that waits or timestamps takes a Clock, so that tests can control
 * it.
 */
export interface Clock {
  /** Monotonic milliseconds with fractions. Only differences mean anything. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch, for people and for other machines. */
  wallMs(): number;
  /**
   * Resolves after `forMs` milliseconds (0: on the next turn).
   * @throws the signal's reason when it is aborted first.
   */
  sleep(forMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (forMs, signal) => sleepMs(forMs, undefined, signal ? { signal } : {}),
};

/** Resolves after `forMs` milliseconds, or as soon as `signal` is aborted; never rejects. */
export async function pause(clock: Clock, forMs: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(forMs, signal);
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
