import type { KeepAlive } from "../table/snapshot.ts";

/** Longest rest without a stream, if the configuration does not say: servers tell of their end. */
const IDLE_DEFAULT_MS = 60_000;

/** An endpoint that has not answered a PING for so long is gone. */
const PONG_MAX_MS = 20_000;

/** How a connection's endpoint is asked whether it is there. */
type Pinged = {
  /** Monotonic milliseconds; 0: no answer is awaited. */
  readonly pingPendingSinceMs: number;
  ping(): boolean;
};

/**
 * How long a connection that carries streams is used, and how much it carries. All times are
 * monotonic milliseconds.
 */
export class StreamLife {
  /** How many streams it has carried. */
  carried = 0;
  /** Since when it has carried none. */
  restsSinceMs: number;
  /** When its endpoint was last heard of. */
  heardMs: number;
  readonly #sinceMs: number;
  readonly #keepAlive: () => KeepAlive;

  /** `keepAlive`: what the configuration says by now. */
  constructor(keepAlive: () => KeepAlive, nowMs: number) {
    this.#keepAlive = keepAlive;
    this.#sinceMs = nowMs;
    this.restsSinceMs = nowMs;
    this.heardMs = nowMs;
  }

  /** Whether it is as old as it may get, or has carried as much with so many exchanges. */
  isSpentAt(exchanges: number, nowMs: number): boolean {
    const { off, requests, ageMs } = this.#keepAlive();
    if (off) return exchanges > 0;
    if (requests > 0 && exchanges >= requests) return true;
    return ageMs > 0 && nowMs - this.#sinceMs >= ageMs;
  }

  /** Whether it has rested for as long as it may. */
  hasRested(nowMs: number): boolean {
    return nowMs - this.restsSinceMs >= (this.#keepAlive().idleMs ?? IDLE_DEFAULT_MS);
  }

  /** Whether the endpoint does not answer any more. Asks it when it has been silent for long. */
  isDead(endpoint: Pinged, hasStreams: boolean, nowMs: number): boolean {
    const { pingMs } = this.#keepAlive();
    const { pingPendingSinceMs } = endpoint;
    if (pingPendingSinceMs > 0) return nowMs - pingPendingSinceMs >= PONG_MAX_MS;
    if (pingMs > 0 && hasStreams && nowMs - this.heardMs >= pingMs) endpoint.ping();
    return false;
  }
}
