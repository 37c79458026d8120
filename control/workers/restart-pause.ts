/** A worker that ends sooner than this after its start is replaced after a pause. */
const QUICK_END_MS = 1_000;
/** Longest wait before a worker that keeps ending is started again. */
const RESTART_WAIT_MAX_MS = 10_000;

/** How long to wait before a worker that has ended is started again: longer for each quick end. */
export class RestartPause {
  #quickEnds = 0;

  /** Notes that a worker has ended after `livedMs`. Returns the wait in milliseconds. */
  after(livedMs: number): number {
    this.#quickEnds = livedMs < QUICK_END_MS ? this.#quickEnds + 1 : 0;
    if (this.#quickEnds === 0) return 0;
    return Math.min(100 * 2 ** this.#quickEnds, RESTART_WAIT_MAX_MS);
  }
}
