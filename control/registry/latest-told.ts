import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import { backOffMs } from "../consul/back-off.ts";

/** What telling works with. */
export type LatestToldDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * Tells somebody the latest of a value, one at a time, and again until it is taken or there is a
 * later one.
 */
export class LatestTold<Value> {
  readonly #deps: LatestToldDeps;
  readonly #what: string;
  readonly #take: (value: Value) => Promise<void>;
  readonly #ending = new AbortController();
  /** What is not taken yet. undefined: nothing. */
  #waiting: { readonly value: Value } | undefined;
  #running: Promise<void> | undefined;
  #problem: string | undefined;

  /** `what`: for the log. `take` rejects if it has not taken it. */
  constructor(deps: LatestToldDeps, what: string, take: (value: Value) => Promise<void>) {
    this.#deps = deps;
    this.#what = what;
    this.#take = take;
  }

  /** Why the latest is not taken. undefined: it is, or is on its way. */
  get problem(): string | undefined {
    return this.#problem;
  }

  tell(value: Value): void {
    this.#waiting = { value };
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Ends it; what is on its way may still arrive. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#deps;
    const { signal } = this.#ending;
    let failures = 0;
    while (this.#waiting !== undefined && !signal.aborted) {
      const told = this.#waiting;
      try {
        await this.#take(told.value);
        failures = 0;
        this.#problem = undefined;
        if (this.#waiting === told) this.#waiting = undefined;
      } catch (error) {
        failures += 1;
        this.#problem = errorText(error);
        log.warn("connect.untold", { what: this.#what, error: this.#problem });
        await pause(clock, backOffMs(failures, random), signal);
      }
    }
  }
}
