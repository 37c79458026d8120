import type { Log } from "./log.ts";

/**
 * The system's codes for what this process or its machine has run out of (descriptors, source
 * ports, memory) or may not do: no peer has any part in it.
 */
const CODES: ReadonlySet<string> = new Set([
  "EMFILE",
  "ENFILE",
  "EADDRNOTAVAIL",
  "ENOBUFS",
  "ENOMEM",
  "EACCES",
  "EPERM",
]);

/** A shortage fails thousands of times a second, and one line says as much. */
const LOG_INTERVAL_MS = 1_000;

/** Whether an error of the system is a fault of our own. */
export function isLocalFault(code: string | undefined): boolean {
  return code !== undefined && CODES.has(code);
}

type Fault = { count: number; unsaid: number; nextLineMs: number };

/** Counts the faults of our own in this process, and says them in the log. */
export class LocalFaults {
  readonly #clock: { readonly nowMs: number };
  readonly #log: Log;
  readonly #faults = new Map<string, Fault>();

  /** `clock`: in monotonic milliseconds. */
  constructor(clock: { readonly nowMs: number }, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** One more. `where`: the endpoint or listener that it happened at. */
  add(code: string, doing: "accept" | "connect", where: string): void {
    const fault = this.#faults.get(code) ?? { count: 0, unsaid: 0, nextLineMs: -Infinity };
    this.#faults.set(code, fault);
    fault.count += 1;
    fault.unsaid += 1;
    const { nowMs } = this.#clock;
    if (nowMs < fault.nextLineMs) return;
    this.#log.warn("worker.local-fault", { code, doing, where, times: fault.unsaid });
    fault.unsaid = 0;
    fault.nextLineMs = nowMs + LOG_INTERVAL_MS;
  }

  /** Counts so far, by code. */
  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#faults].map(([code, { count }]) => [code, count]));
  }
}
