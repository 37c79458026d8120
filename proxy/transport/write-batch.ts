import { performance } from "node:perf_hooks";

/** An event loop that works more than this share of its time counts as busy. */
const BUSY_SHARE = 0.9;
/** How often to measure that. */
const LOOK_INTERVAL_MS = 100;

/** Something that holds text back until it is flushed. */
export interface Flushable {
  flush(): void;
}

/**
 * Writes that wait for the end of the event loop's turn. A write wakes its reader, and if that
 * sleeps on another processor, waking it costs more than the write. When all writes of a turn go
 * out together, the first one has woken the reader for the rest. Only while the loop is busy: then
 * a turn is full of other requests, whereas otherwise the wait would be noticeable.
 */
export class WriteBatch {
  /** Whether writes must wait. */
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

  /** Measures from now on how busy the loop is. Does not keep the process alive. */
  watch(): void {
    setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /** Flushes it at the end of this turn. To be called once per turn for each. */
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
