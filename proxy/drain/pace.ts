import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { pause } from "../base/clock.ts";

/** How far back turns are made up that came up while nobody could take them. */
const LATE_MAX_MS = 50;

/** Longest time between two ticks of keepPace. */
const PACE_TICK_MS = 100;

/**
 * Turns at a rate: one in each interval of 1 / rate, at a random place in it, so that they fall
 * into no rhythm. Turns that nobody took are lost, except those of the last LATE_MAX_MS: any second
 * has at most 1.05 × rate + 2 of them, whatever happened before.
 */
export class Pace {
  readonly #random: Random;
  /** Part of its interval within which a turn comes, 0 … 1. 0: always at its beginning. */
  readonly #jitter: number;
  #intervalMs: number;
  #beginsMs: number;
  #dueMs: number;

  /** `perSecond`: any rate; 0: no turn ever comes. */
  constructor(perSecond: number, jitter: number, random: Random, nowMs: number) {
    this.#random = random;
    this.#jitter = jitter;
    this.#intervalMs = intervalOf(perSecond);
    this.#beginsMs = nowMs;
    this.#dueMs = this.#draw();
  }

  /** When the next turn comes. Infinity: never. */
  get nextMs(): number {
    return this.#dueMs;
  }

  /** Continues at another rate. */
  setRate(perSecond: number, nowMs: number): void {
    const intervalMs = intervalOf(perSecond);
    if (intervalMs === this.#intervalMs) return;
    this.#intervalMs = intervalMs;
    // The next turn may have been drawn from a long interval, so it is drawn again.
    this.#beginsMs = Math.max(this.#beginsMs, nowMs - LATE_MAX_MS);
    this.#dueMs = this.#draw();
  }

  /** Takes a turn, if one has come. */
  take(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    const lostMs = Math.max(0, nowMs - this.#dueMs - LATE_MAX_MS);
    this.#beginsMs += lostMs + this.#intervalMs;
    this.#dueMs = this.#draw();
    return true;
  }

  #draw(): number {
    if (this.#intervalMs === Infinity) return Infinity;
    return this.#beginsMs + this.#random.next() * this.#jitter * this.#intervalMs;
  }
}

/** What is done at a pace. */
export interface PacedWork {
  /** Before turns are taken, at least every PACE_TICK_MS. */
  tick(nowMs: number): void;
  /** Does one piece of work. Returns false if there is none now, and the turn is lost. */
  turn(): boolean;
}

/** Works at a pace until it is stopped. Never rejects. */
export async function keepPace(
  work: PacedWork,
  pace: Pace,
  clock: Clock,
  stopped: AbortSignal,
): Promise<void> {
  while (!stopped.aborted) {
    const nowMs = clock.nowMs();
    work.tick(nowMs);
    while (!stopped.aborted && pace.take(nowMs) && work.turn());
    const waitMs = Math.min(pace.nextMs - nowMs, PACE_TICK_MS);
    await pause(clock, Math.max(1, waitMs), stopped);
  }
}

function intervalOf(perSecond: number): number {
  return perSecond > 0 ? 1000 / perSecond : Infinity;
}
