import type { AttemptOutcome } from "../metrics/stats.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EndedAttempt, ObservedVersion } from "./observed-version.ts";

/** What nobody's client is. */
const NOBODY = {};

/**
 * The first attempt of an exchange at a version that is observed, until it has ended: what comes
 * after it follows from it. One object for each exchange, reused, so that it allocates nothing.
 */
export class FirstAttempt implements EndedAttempt {
  failed = false;
  durationMs = 0;
  address: string | undefined;
  connection: object = NOBODY;
  key: number | undefined;
  route = 0;
  /** undefined: nobody observes it, or it has been counted. */
  #at: ObservedVersion | undefined;
  #sinceMs = 0;

  /**
   * It begins, at `sinceMs`. `connection` and `key`: see FailingClients; `route`: see
   * CountedAttempt.
   */
  begin(
    at: ObservedVersion,
    connection: object,
    key: number | undefined,
    route: number,
    sinceMs: number,
  ): void {
    this.#at = at;
    this.#sinceMs = sinceMs;
    this.connection = connection;
    this.key = key;
    this.route = route;
  }

  /**
   * It has ended. local: by a fault of our own, which says nothing of the version. `nowMs`: absent
   * where nobody has read the clock.
   */
  ended(outcome: AttemptOutcome, endpoint: Endpoint | undefined, nowMs?: number): void {
    if (outcome === "local") this.clear();
    else this.#count(outcome !== "ok", endpoint, nowMs);
  }

  /**
   * Its exchange has ended without it: the client has left, which only says how long it has waited,
   * or has got an error of ours (`status`), since the version had no place for it.
   */
  abandoned(status: number, endpoint: Endpoint | undefined, nowMs: number): void {
    if (this.#at === undefined) return;
    if (status === 0 || status >= 500) this.#count(status >= 500, endpoint, nowMs);
    else this.clear();
  }

  /** It is nobody's, and keeps nothing. */
  clear(): void {
    this.#at = undefined;
    this.connection = NOBODY;
  }

  #count(failed: boolean, endpoint: Endpoint | undefined, endMs: number | undefined): void {
    const at = this.#at;
    if (at === undefined) return;
    const nowMs = endMs ?? at.time.nowMs();
    this.failed = failed;
    this.durationMs = nowMs - this.#sinceMs;
    this.address = endpoint?.address;
    at.add(this, nowMs);
    this.clear();
  }
}
