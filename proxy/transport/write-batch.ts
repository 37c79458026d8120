import { performance } from "node:perf_hooks";

/** Above this share of its time at work an event loop counts as busy. */
const BUSY_SHARE = 0.9;
/** How often that is looked at. */
const LOOK_INTERVAL_MS = 100;

/** Something that holds text back until it is flushed. */
export interface Flushable {
  flush(): void;
}

/**
 * Writes that wait for the end of the event loop's turn. A write wakes whoever reads it, and on
 * another processor that sleeps this costs more than the write. When all that a turn has to say is
 * said at once, the reader is awake after the first. Only while the loop is busy: then a turn is
 * full of other requests, and else waiting would be felt.
 */
export class WriteBatch {
  /** Whether writes are to wait. */
  waits = false;
  #waiting: Flushable[] = [];
  #spare: Flushable[] = [];
  #used = performance.eventLoopUtilization();
  readonly #flushAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = this.#spare;
    for (const each of waiting) each.flush();
    waiting.length = 0;
    this.#spare = waiting;
  };

  /** Looks from now on how busy the loop is. Keeps no process alive. */
  watch(): void {
    setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /** Flushes it at the end of this turn. Once a turn for each. */
  add(writer: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#flushAll);
    this.#waiting.push(writer);
  }

  #look(): void {
    const used = performance.eventLoopUtilization();
    this.waits = performance.eventLoopUtilization(used, this.#used).utilization > BUSY_SHARE;
    this.#used = used;
  }
}
