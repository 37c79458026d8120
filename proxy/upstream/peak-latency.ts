/** Over this time an estimate falls to 1/e of what it was (Finagle's peak EWMA has 10 s too). */
const DECAY_MS = 10_000;

/** Behind this time without an answer nothing is known: 1/20 of an old estimate is none. */
const FORGET_MS = 3 * DECAY_MS;

/** What counts for one that has failed before anything was known of it, at least. */
const FAILED_MS = 1_000;

/**
 * For how long that counts after the first failure, and twice as long after each that follows, up
 * to FORGET_MS: who is just starting refuses connections (Finagle's fail fast begins so too).
 */
const FIRST_FAILURE_MS = 1_000;

/** No answer is faster: 0 means that nothing is known. */
const SHORTEST_MS = 0.001;

/**
 * How long answers of an endpoint take: a moving average that jumps to a peak at once and comes
 * down slowly (peak EWMA, as in Finagle and Linkerd). What is not asked for a while becomes
 * cheaper, so that it is tried again.
 */
export class PeakLatency {
  #ms = 0;
  /** When it was last told something, in monotonic ms. */
  #atMs = -Infinity;
  /** Failures in a row of which nothing was known before. */
  #failures = 0;

  /** The estimate at `nowMs`, in ms. 0: nothing is known. */
  at(nowMs: number): number {
    const ageMs = nowMs - this.#atMs;
    if (ageMs <= 0) return this.#ms;
    return ageMs < this.#forgetMs ? this.#ms * Math.exp(-ageMs / DECAY_MS) : 0;
  }

  get #forgetMs(): number {
    if (this.#failures === 0) return FORGET_MS;
    return Math.min(FORGET_MS, FIRST_FAILURE_MS * 2 ** (this.#failures - 1));
  }

  /** An answer came after `tookMs`. */
  answered(tookMs: number, nowMs: number): void {
    const ageMs = nowMs - this.#atMs;
    const isFirst = this.#failures > 0 || ageMs >= FORGET_MS;
    this.#failures = 0;
    if (isFirst || tookMs >= this.#ms) this.#ms = Math.max(tookMs, SHORTEST_MS);
    else if (ageMs > 0) this.#ms = tookMs + (this.#ms - tookMs) * Math.exp(-ageMs / DECAY_MS);
    else return;
    this.#atMs = nowMs;
  }

  /**
   * None came within `tookMs`, or one that is no good: it may be slower than that. What fails fast
   * is not fast.
   */
  failed(tookMs: number, nowMs: number): void {
    const knownMs = this.at(nowMs);
    if (knownMs > 0 && tookMs <= knownMs) return;
    if (knownMs === 0) this.#failures += 1;
    this.#ms = knownMs > 0 ? tookMs : Math.max(tookMs, FAILED_MS);
    this.#atMs = nowMs;
  }
}
