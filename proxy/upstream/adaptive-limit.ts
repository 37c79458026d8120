import { ADAPTIVE_LIMIT_MIN } from "../table/priority.ts";

/** A look at latency takes at least this long, and twice as long as an exchange. */
const WINDOW_MS_MIN = 250;

/** And no longer than this, however slow exchanges are. */
const WINDOW_MS_MAX = 5_000;

/** Fewer exchanges say nothing of a window: it goes on. */
const SAMPLES_MIN = 10;

/** More are not needed for a median. */
const SAMPLES_MAX = 256;

/** How long the lowest latency counts at least, and twice that at most. */
const EPOCH_MS = 10_000;

/** How many times as long as when idle an exchange may take before there are too many. */
const TOLERANCE = 2;

/** Where it starts: it grows by itself, but what is overloaded from the start has no idle time. */
const LIMIT_FIRST = 32;

/** A part of the limit in force while the idle latency is looked for. */
const PROBE_SHARE = 1 / 4;

/**
 * How many exchanges a version takes at once, found by their latency: while that stays near what it
 * is when little is under way, the limit grows by its root in each window in which it was reached;
 * when it rises above, the limit falls in proportion (the gradient of Netflix's
 * concurrency-limits and of Envoy's adaptive concurrency). What is reached all the time would
 * forget how fast the version is when idle, so once in EPOCH_MS a window runs with a quarter.
 */
export class AdaptiveLimit {
  readonly #samples = new Float64Array(SAMPLES_MAX);
  #count = 0;
  /** Most exchanges at once in this window. */
  #peak = 0;
  #limit: number;
  #max: number;
  #windowEndsMs: number;
  #epochEndsMs: number;
  /** The lowest median of a window in this epoch, and in the one before. */
  #lowestMs = Infinity;
  #lowestBeforeMs = Infinity;
  #isProbing = false;

  /** `max`: the limit never rises above it. */
  constructor(max: number, nowMs: number) {
    this.#max = max;
    this.#limit = Math.min(max, LIMIT_FIRST);
    this.#windowEndsMs = nowMs + WINDOW_MS_MIN;
    this.#epochEndsMs = nowMs + EPOCH_MS;
  }

  /** The limit in force. */
  get limit(): number {
    if (!this.#isProbing) return this.#limit;
    return Math.min(this.#limit, Math.max(ADAPTIVE_LIMIT_MIN, this.#limit * PROBE_SHARE));
  }

  /** Another upper end. */
  follow(max: number): void {
    this.#max = max;
    this.#limit = Math.min(max, this.#limit);
  }

  /** An exchange has ended well after `durationMs`, when so many were under way. */
  sample(durationMs: number, inFlight: number, nowMs: number): void {
    this.#peak = Math.max(this.#peak, inFlight);
    if (this.#count < SAMPLES_MAX) this.#samples[this.#count++] = durationMs;
    if (nowMs >= this.#windowEndsMs && this.#count >= SAMPLES_MIN) this.#look(nowMs);
  }

  #look(nowMs: number): void {
    const median = this.#samples.subarray(0, this.#count).toSorted()[this.#count >> 1] as number;
    this.#lowestMs = Math.min(this.#lowestMs, median);
    const isReached = this.#peak >= this.limit * 0.8;
    if (!this.#isProbing) this.#adapt(median, isReached);
    this.#isProbing = false;
    if (nowMs >= this.#epochEndsMs) this.#beginEpoch(isReached, nowMs);
    this.#count = 0;
    this.#peak = 0;
    const lengthMs = Math.min(WINDOW_MS_MAX, Math.max(WINDOW_MS_MIN, 2 * median));
    this.#windowEndsMs = nowMs + lengthMs;
  }

  #adapt(medianMs: number, isReached: boolean): void {
    const idleMs = Math.min(this.#lowestMs, this.#lowestBeforeMs);
    const gradient = medianMs > 0 ? (TOLERANCE * idleMs) / medianMs : 1;
    const limit = this.#limit;
    if (gradient < 1) this.#limit = Math.max(0.5, gradient) * limit;
    else if (isReached) this.#limit = limit + Math.sqrt(limit);
    this.#limit = Math.min(this.#max, Math.max(ADAPTIVE_LIMIT_MIN, this.#limit));
  }

  #beginEpoch(isReached: boolean, nowMs: number): void {
    this.#lowestBeforeMs = this.#lowestMs;
    this.#lowestMs = Infinity;
    this.#epochEndsMs = nowMs + EPOCH_MS;
    this.#isProbing = isReached;
  }
}
