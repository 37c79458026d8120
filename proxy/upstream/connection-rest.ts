import type { KeepAlive } from "../table/snapshot.ts";
import type { RestHabits } from "./rest-habits.ts";

/**
 * How long a connection may rest when neither its endpoint nor the configuration says: below the
 * 5 s after which node:http closes, the most impatient common server but for gunicorn.
 */
const IDLE_DEFAULT_MS = 4_000;

/** Longest rest that an endpoint is believed, when the configuration does not say. */
const IDLE_TOLD_MAX_MS = 60_000;

/**
 * The part of that time in which an endpoint surely keeps a connection: 1 s where we have to guess,
 * as no common server closes within that, though some do at 2 s (gunicorn).
 */
const RECENT_SHARE = 0.25;

/** What the configuration says of rests. */
type RestLimits = Omit<KeepAlive, "pingMs">;

/**
 * How often, how long and until when one connection rests between exchanges. All times are
 * monotonic milliseconds.
 */
export class ConnectionRest {
  readonly #habits: RestHabits;
  /** When it was made. */
  readonly #sinceMs: number;
  /** How many exchanges it has carried. */
  #exchanges = 0;
  /** When its last rest began, and in which part of it the connection is recent. */
  #beganMs = 0;
  #recentMs = 0;

  constructor(habits: RestHabits, sinceMs: number) {
    this.#habits = habits;
    this.#sinceMs = sinceMs;
  }

  /**
   * An exchange has ended: how long the connection may rest now, in ms. 0: not at all. `toldMs`:
   * the longest rest by its endpoint's word; undefined: it does not say.
   */
  allowedMs(keepAlive: RestLimits, toldMs: number | undefined, nowMs: number): number {
    const { off, requests, ageMs } = keepAlive;
    this.#exchanges += 1;
    if (off || (requests > 0 && this.#exchanges >= requests)) return 0;
    if (this.#habits.isSuspect(nowMs)) return 0;
    const statedMs = statedIdleMs(keepAlive, toldMs);
    const idleMs = Math.min(statedMs, this.#habits.idleMaxMs(nowMs));
    this.#recentMs = Math.min(statedMs * RECENT_SHARE, idleMs);
    return ageMs === 0 ? idleMs : Math.max(0, Math.min(idleMs, this.#sinceMs + ageMs - nowMs));
  }

  /** It rests from now on. */
  begin(nowMs: number): void {
    this.#beganMs = nowMs;
  }

  /** How long it has rested. */
  lastedMs(nowMs: number): number {
    return nowMs - this.#beganMs;
  }

  /** It has rested for so short a time that its endpoint does not close it for that. */
  isRecent(nowMs: number): boolean {
    return this.lastedMs(nowMs) <= this.#recentMs;
  }
}

/** As long as is configured and the endpoint says, not as it has shown. */
function statedIdleMs({ idleMs }: RestLimits, toldMs: number | undefined): number {
  if (toldMs === undefined) return idleMs ?? IDLE_DEFAULT_MS;
  return Math.min(toldMs, idleMs ?? IDLE_TOLD_MAX_MS);
}
