/** Lets at most so many tasks run at once; the others wait, first come, first served. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** `atOnceMax`: at least 1. Callers bound how many wait: each of ours waits for one. */
  constructor(atOnceMax: number) {
    this.#free = atOnceMax;
  }

  /** Runs `task` when its turn has come, and settles as it does. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      this.#passOn();
    }
  }

  #passOn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
