import type { Clock } from "../../proxy/base/clock.ts";

/**
 * Blocking queries of one sidecar under way at once; more take turns. An agent takes 200
 * connections from one address (limits.http_max_conns_per_client): three sidecars of a host stay
 * below, with their other calls, and leave some for people.
 */
export const TURNS_MAX = 48;
/** However often an agent refuses, so that all have their turn some time. */
const TURNS_MIN = 4;
/** One agent at its limit refuses many at once: that is one sign and not many. */
const LOWER_EVERY_MS = 1_000;
const LOWERED_TO = 0.5;
/** Slow, because each try too many is a query refused, here or in another sidecar. */
const RAISE_EVERY_MS = 10_000;
/** Within this time each watch should have had its turn. */
const ROUND_MS = 5_000;
/** Shorter waits would be polling: 1 000 watches have their turn within 10 s. */
const WAIT_MIN_MS = 500;
/** With some room left: when more watches come, none of the others holds its turn for longer. */
const HALF_FULL_WAIT_MS = 10_000;

/** Who may ask the agent now: turns of blocking queries, in the order of asking. */
export class AgentTurns {
  /** How many watches there are, with a turn or without. */
  watches = 0;
  readonly #clock: Clock;
  readonly #urgent = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  #limit = TURNS_MAX;
  #taken = 0;
  #changedMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** AgentTurns that may be taken at once. */
  get limit(): number {
    return this.#limit;
  }

  /** How long a query that would wait for `fullMs` may, for all to have their turns. */
  waitMs(fullMs: number): number {
    if (this.watches <= this.#limit / 2) return fullMs;
    if (this.watches <= this.#limit) return Math.min(HALF_FULL_WAIT_MS, fullMs);
    return Math.min(fullMs, Math.max(WAIT_MIN_MS, (ROUND_MS * this.#limit) / this.watches));
  }

  /** Why changes are heard of late, for people. undefined: the agent takes all that we ask for. */
  get problem(): string | undefined {
    const isShort = this.#limit < TURNS_MAX && this.watches > this.#limit;
    if (!isShort) return undefined;
    const roundMs = (this.watches / this.#limit) * this.waitMs(ROUND_MS);
    return (
      `connections: Consul refuses more than ${this.#limit} at once from here ` +
      `(limits.http_max_conns_per_client), so that ${this.watches} watches take turns; ` +
      `each has one every ${Math.ceil(roundMs / 1_000)} s`
    );
  }

  /**
   * Resolves when it is the caller's turn; give() ends it. Urgent ones come before all others.
   * @throws the signal's reason when it is aborted before
   */
  async take(signal: AbortSignal, isUrgent = false): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#limit) {
      this.#taken += 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const cancel = (): void => turn.reject(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    const queue = isUrgent ? this.#urgent : this.#waiting;
    queue.add(turn.resolve);
    try {
      await turn.promise;
    } finally {
      queue.delete(turn.resolve);
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Ends a turn: the next one's begins. */
  give(): void {
    this.#taken -= 1;
    const nowMs = this.#clock.nowMs();
    const isFull = this.#waiting.size > 0;
    if (isFull && this.#limit < TURNS_MAX && nowMs - this.#changedMs >= RAISE_EVERY_MS) {
      this.#limit += 1;
      this.#changedMs = nowMs;
    }
    this.#beginAll(this.#urgent);
    this.#beginAll(this.#waiting);
  }

  /** The agent refused a connection: from now on fewer are taken at once. */
  lower(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#changedMs < LOWER_EVERY_MS) return;
    this.#limit = Math.max(TURNS_MIN, Math.floor(this.#limit * LOWERED_TO));
    this.#changedMs = nowMs;
  }

  /** Whoever is told here has the turn, even if it does not run before the next give(). */
  #beginAll(queue: Set<() => void>): void {
    for (const begin of queue) {
      if (this.#taken >= this.#limit) return;
      queue.delete(begin);
      this.#taken += 1;
      begin();
    }
  }
}
