import type { Observation } from "./observation.ts";

/** When whoever leads a rollout has last had a second, and why no later one. */
export class LastSeen {
  #atMs: number;
  #hasSeen = false;
  #missing: string | undefined;

  /** `nowMs`: when it begins to lead, on a monotonic clock. */
  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** A second has come. */
  seen(nowMs: number): void {
    this.#atMs = nowMs;
    this.#hasSeen = true;
    this.#missing = undefined;
  }

  /** Nobody could tell, and why. */
  missing(reason: string): void {
    this.#missing = reason;
  }

  at(nowMs: number): Pick<Observation, "nothingSeen" | "blindMs" | "blindFor"> {
    const nothingSeen = this.#hasSeen ? {} : { nothingSeen: true };
    return { ...nothingSeen, blindMs: nowMs - this.#atMs, blindFor: this.#missing };
  }
}
