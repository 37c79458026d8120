import type { Observation } from "./observation.ts";

type Seen = Pick<Observation, "nothingSeen" | "servingMs" | "blindMs" | "blindFor">;

/**
 * When whoever leads a rollout has last had a second, why no later one, and since when the canary
 * has been seen with an endpoint.
 */
export class LastSeen {
  #atMs: number;
  #hasSeen = false;
  #missing: string | undefined;
  /** undefined: it has none. */
  #servingSinceMs: number | undefined;

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

  /** `endpoints`: of the canary, that can take work. */
  at(nowMs: number, endpoints: number): Seen {
    this.#servingSinceMs = endpoints === 0 ? undefined : (this.#servingSinceMs ?? nowMs);
    const nothingSeen = this.#hasSeen ? {} : { nothingSeen: true };
    const servingMs = nowMs - (this.#servingSinceMs ?? nowMs);
    return { ...nothingSeen, servingMs, blindMs: nowMs - this.#atMs, blindFor: this.#missing };
  }
}
