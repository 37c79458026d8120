import { hash32 } from "../table/hash.ts";
import type { Random } from "../base/random.ts";
import type { RateLimitSnapshot } from "../table/rate-limit.ts";

/**
 * Counts the requests of each key against a rate: a token bucket in the form of the generic cell
 * rate algorithm (ITU-T I.371), which keeps one time for a key. Keys are kept as hashes with a seed
 * of this process: they may be credentials, and nobody can choose two that meet.
 */
export class KeyedRate {
  readonly limit: RateLimitSnapshot;
  /** When a key has all its requests again, in monotonic ms; the longest unused key first. */
  readonly #fullAtMs = new Map<number, number>();
  readonly #seeds: readonly [number, number];
  readonly #windowMs: number;
  readonly #eachMs: number;
  /** How many requests the key has left, after take(). */
  remaining = 0;
  /** Until it has all of them again, in ms. */
  resetMs = 0;
  /** Until it has one. 0: it had one. */
  retryMs = 0;

  constructor(limit: RateLimitSnapshot, random: Random) {
    this.limit = limit;
    this.#seeds = [(random.next() * 2 ** 32) | 0, (random.next() * 2 ** 32) | 0];
    this.#windowMs = limit.perS * 1_000;
    this.#eachMs = this.#windowMs / limit.requests;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /** Takes one request of this key, and says what is left. false: it has none left. */
  take(key: string, nowMs: number): boolean {
    const id = this.#idOf(key);
    const before = Math.max(nowMs, this.#fullAtMs.get(id) ?? nowMs);
    const after = before + this.#eachMs;
    // A sum of many fractions must not cost the last request of a window.
    const isTaken = after - nowMs <= this.#windowMs + 1e-6;
    const fullAtMs = isTaken ? after : before;
    this.#remember(id, fullAtMs);
    this.resetMs = fullAtMs - nowMs;
    this.remaining = Math.floor((this.#windowMs - this.resetMs) / this.#eachMs + 1e-6);
    this.retryMs = isTaken ? 0 : after - nowMs - this.#windowMs;
    return isTaken;
  }

  #idOf(key: string): number {
    const [high, low] = this.#seeds;
    return (hash32(key, high) >>> 0) * 2 ** 21 + (hash32(key, low) >>> 11);
  }

  #remember(id: number, fullAtMs: number): void {
    this.#fullAtMs.delete(id);
    if (this.#fullAtMs.size >= this.limit.keysMax) this.#forgetOldest();
    this.#fullAtMs.set(id, fullAtMs);
  }

  #forgetOldest(): void {
    for (const id of this.#fullAtMs.keys()) {
      this.#fullAtMs.delete(id);
      return;
    }
  }
}
