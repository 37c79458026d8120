import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../proxy/base/clock.ts";

type Sleeper = { readonly dueMs: number; readonly wake: () => void };

/** A clock that stands still until advance(). */
export class ManualClock implements Clock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  /** How many are asleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  async sleep(forMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { dueMs: this.#nowMs + forMs, wake: resolve };
    this.#sleepers.push(sleeper);
    const abort = (): void => {
      this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
    return promise.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Wakes everybody who becomes due, in order, and lets each act before the next one wakes. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      await turn();
      const next = this.#sleepers.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#sleepers = this.#sleepers.filter((each) => each !== next);
      this.#nowMs = next.dueMs;
      next.wake();
    }
    this.#nowMs = endMs;
  }
}
