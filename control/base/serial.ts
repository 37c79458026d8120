import { BusyError } from "./errors.ts";

/** Runs tasks one at a time, in the order in which they came. */
export class Serial {
  readonly #waitingMax: number;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `waitingMax`: tasks that may wait or run at once; the next one is refused. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /**
   * Runs `task` when all earlier ones have ended, well or not, and settles as it does.
   * @throws BusyError when too many wait.
   */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#waitingMax) return Promise.reject(new BusyError(this.#waiting));
    return this.runAlways(task);
  }

  /** Like run(), for tasks that are bounded by themselves: it never refuses. */
  runAlways<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1;
    const result = this.#tail.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything that has been asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
