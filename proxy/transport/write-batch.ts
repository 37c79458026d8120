import { performance } from "node:perf_hooks";

/** An event loop that works more than this share of its time counts as busy. */
const BUSY_SHARE = 0.9;
/** How often to measure that. */
const LOOK_INTERVAL_MS = 100;

/** Something that holds text back until it is flushed. */
export interface Flushable {
  flush(): void;
}

/** Something that waits until everything that the kernel had for this turn has been read. */
export interface TurnWatcher {
  onTurnEnd(): void;
}

/**
 * What waits for the end of the event loop's turn: looks first, then writes.
 *
 * A write wakes its reader, and if that sleeps on another processor, waking it costs more than the
 * write. When all writes of a turn go out together, the first one has woken the reader for the
 * rest. Only while the loop is busy: then a turn is full of other requests, whereas otherwise the
 * wait would be noticeable.
 */
export class WriteBatch {
  /** Whether writes must wait. */
  waits = false;
  /** The number of this turn; one that nothing was marked in may have that of the turn before. */
  turn = 0;
  #isMarked = false;
  #watching: TurnWatcher[] = [];
  #spareWatching: TurnWatcher[] = [];
  #waiting: Flushable[] = [];
  #spare: Flushable[] = [];
  #used = performance.eventLoopUtilization();
  readonly #end = (): void => {
    try {
      this.#tellWatchers();
      this.#flushAll();
    } finally {
      this.turn += 1;
      this.#isMarked = false;
      if (this.#watching.length > 0 || this.#waiting.length > 0) this.mark();
    }
  };

  /** Measures from now on how busy the loop is. Does not keep the process alive. */
  watch(): void {
    setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /** Flushes it at the end of this turn. To be called once per turn for each. */
  add(writer: Flushable): void {
    this.mark();
    this.#waiting.push(writer);
  }

  /**
   * Tells it of the end of this turn: until then, all that had arrived when the turn began has been
   * read. What it then writes goes out at once.
   */
  tell(watcher: TurnWatcher): void {
    this.mark();
    this.#watching.push(watcher);
  }

  /** As tell(), at the end of a turn that comes `afterMs` from now. */
  tellLater(watcher: TurnWatcher, afterMs: number): void {
    setTimeout(() => this.tell(watcher), afterMs);
  }

  /** This turn's number, which no later turn has. */
  mark(): number {
    if (!this.#isMarked) setImmediate(this.#end);
    this.#isMarked = true;
    return this.turn;
  }

  #tellWatchers(): void {
    const watching = this.#watching;
    if (watching.length === 0) return;
    this.#watching = this.#spareWatching;
    for (const each of watching) each.onTurnEnd();
    watching.length = 0;
    this.#spareWatching = watching;
  }

  #flushAll(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = this.#spare;
    for (const each of waiting) each.flush();
    waiting.length = 0;
    this.#spare = waiting;
  }

  #look(): void {
    const used = performance.eventLoopUtilization();
    this.waits = performance.eventLoopUtilization(used, this.#used).utilization > BUSY_SHARE;
    this.#used = used;
  }
}
