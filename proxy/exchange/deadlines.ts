import type { Policy } from "../table/snapshot.ts";

/** The times of one exchange, all in the wheel's monotonic milliseconds. */
export class Deadlines {
  #expiresMs = Infinity;
  /** When a body last moved. Infinity: no body is under way. */
  #movedMs = Infinity;
  #stallTimeoutMs = 0;

  /** Nothing expires until `begin`. */
  clear(): void {
    this.#expiresMs = Infinity;
    this.#movedMs = Infinity;
    this.#stallTimeoutMs = 0;
  }

  /** The exchange has begun under this policy. */
  begin(policy: Policy, nowMs: number): void {
    this.#expiresMs = policy.timeoutMs > 0 ? nowMs + policy.timeoutMs : Infinity;
    this.#stallTimeoutMs = policy.stallTimeoutMs;
  }

  /** A body moved, in either direction. Returns whether none was under way before. */
  moved(nowMs: number): boolean {
    const first = this.#movedMs === Infinity;
    this.#movedMs = nowMs;
    return first;
  }

  /** No body is under way: the endpoint is working. */
  still(): void {
    this.#movedMs = Infinity;
  }

  /** Which time is up at `nowMs`: that of the whole exchange, or that of a pause in a body. */
  passed(nowMs: number): "expired" | "stalled" | undefined {
    if (nowMs >= this.#expiresMs) return "expired";
    return nowMs >= this.#stallsMs() ? "stalled" : undefined;
  }

  /** When to ask again. Infinity: never. */
  nextMs(): number {
    return Math.min(this.#expiresMs, this.#stallsMs());
  }

  #stallsMs(): number {
    return this.#stallTimeoutMs > 0 ? this.#movedMs + this.#stallTimeoutMs : Infinity;
  }
}
