/**
 * A timer for what a tick of the wheel is too coarse for. It costs a timer of Node each time it is
 * armed, so only options use it.
 */
export class ExactTimer {
  readonly #onTime: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onTime: () => void) {
    this.#onTime = onTime;
  }

  /** In place of an earlier time. `afterMs`: whole ms, at least 1. */
  arm(afterMs: number): void {
    this.disarm();
    this.#timer = setTimeout(this.#onTime, afterMs);
    this.#timer.unref();
  }

  disarm(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
