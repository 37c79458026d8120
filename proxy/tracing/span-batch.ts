import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import { orLate } from "../base/deadline.ts";
import type { Clock } from "../base/clock.ts";
import type { SpanReport } from "../messages/messages.ts";

/** Spans that leave together. */
const BATCH_SPANS = 256;

/** How long the first of them waits for others. */
const LINGER_MS = 1_000;

/** Spans that wait while a batch is on its way; what comes beyond them is dropped. */
const WAITING_SPANS_MAX = 2_048;

/** The same in characters: texts of clients are part of them. */
const WAITING_CHARS_MAX = 2_097_152;

/** How long whoever ends a worker waits for its last spans: the primary may not read. */
const FLUSH_WAIT_MS = 1_000;

/** What a batch works with. */
export type SpanBatchDeps = {
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  /** Sends them; calls `onSent` once they are out of this process, or lost. */
  readonly send: (report: SpanReport, onSent: () => void) => void;
};

/**
 * Collects spans and sends many at once, one batch at a time: nobody waits, and what finds no room
 * is dropped and counted.
 */
export class SpanBatch implements Expiring {
  readonly #deps: SpanBatchDeps;
  readonly #timer = new Timer(this);
  #spans: string[] = [];
  #chars = 0;
  #dropped = 0;
  #isBusy = false;
  #whenIdle: (() => void)[] = [];

  constructor(deps: SpanBatchDeps) {
    this.#deps = deps;
  }

  /** Takes a span. */
  add(span: string): void {
    const chars = this.#chars + span.length;
    if (this.#spans.length >= WAITING_SPANS_MAX || chars > WAITING_CHARS_MAX) this.#dropped += 1;
    else {
      this.#spans.push(span);
      this.#chars = chars;
    }
    if (this.#spans.length >= BATCH_SPANS) this.#pump();
    else this.#linger();
  }

  /** Resolves when all spans so far have left, or cannot for a second. */
  async flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle.push(resolve);
    this.#pump();
    await orLate(promise, FLUSH_WAIT_MS, this.#deps.clock, () => undefined);
  }

  onDeadline(): void {
    this.#pump();
  }

  #pump(): void {
    if (this.#isBusy) return;
    this.#timer.disarm();
    if (this.#spans.length + this.#dropped === 0) {
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    const report = {
      spans: this.#spans.join(","),
      count: this.#spans.length,
      dropped: this.#dropped,
    };
    this.#spans = [];
    this.#chars = 0;
    this.#dropped = 0;
    this.#isBusy = true;
    this.#deps.send(report, () => {
      this.#isBusy = false;
      if (this.#whenIdle.length > 0 || this.#spans.length >= BATCH_SPANS) this.#pump();
      else if (this.#spans.length > 0) this.#linger();
    });
  }

  #linger(): void {
    if (this.#timer.deadlineMs === Infinity) this.#deps.wheel.arm(this.#timer, LINGER_MS);
  }
}
