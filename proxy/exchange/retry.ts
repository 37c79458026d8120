import type { RetryCause, RetryPolicy } from "../table/snapshot.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { VersionPool } from "../upstream/version-pool.ts";

/** A request of which no byte of an answer went to the client. */
export type UnansweredRequest = {
  /** A byte of it was written to a connection that stood. */
  readonly written: boolean;
  /** GET, HEAD, OPTIONS, PUT, DELETE (RFC 9110 9.2.2). */
  readonly idempotent: boolean;
  /** Everything that was sent is still available. */
  readonly replayable: boolean;
  /** All of it has been read from the client. */
  readonly done: boolean;
};

/** Where it went. */
export type RetriedService = {
  readonly policy: { readonly retries: RetryPolicy };
  /** undefined: nowhere. */
  readonly live: LiveService | undefined;
};

/** no: answer with the error. stale: on a fresh connection, outside of policy. policy: a retry. */
export type RetryDecision = "no" | "stale" | "policy";

/** The retries of one exchange. */
export class Retries {
  #count = 0;
  #staleRetried = false;

  /** Before a new exchange. */
  clear(): void {
    this.#count = 0;
    this.#staleRetried = false;
  }

  /** The exchange is being or was retried by policy, so it counts against the budget. */
  get onBudget(): boolean {
    return this.#count > 0;
  }

  /**
   * Whether to send a request again, on a fresh connection, because what came in its place was
   * meant for nobody: left over from the exchange before, or a 408 that ends the wait for one.
   * `isUntaken`: the endpoint itself says that it has not had this one (RFC 9110 15.5.9), so that
   * even a POST may be repeated.
   */
  replacesLeftover(request: UnansweredRequest, isReused: boolean, isUntaken: boolean): boolean {
    if (!isReused || this.#staleRetried || !request.done || !request.replayable) return false;
    this.#staleRetried = request.idempotent || isUntaken;
    return this.#staleRetried;
  }

  /**
   * Whether to repeat a failed attempt, which the caller then does. Nothing non-idempotent is ever
   * sent twice once a byte of it has been written (RFC 9110 9.2.2), except for calls of gRPC, all
   * of which are POST, where the policy says that UNAVAILABLE may be. A kept-alive connection that
   * dies before the first byte of an answer gets one more try whatever the policy (RFC 9112 9.3.1).
   * `cause`: undefined for what is never retried. `isReused`: the connection had carried an
   * exchange before, so its peer may just have closed it.
   */
  decide(
    cause: RetryCause | undefined,
    request: UnansweredRequest,
    isReused: boolean,
    { policy: { retries: policy }, live }: RetriedService,
  ): RetryDecision {
    if (cause === undefined || live === undefined || !request.replayable) return "no";
    const mayRepeat = request.idempotent || cause === "grpc-unavailable";
    if (request.written && !mayRepeat) return "no";
    if (cause === "reset-before-response" && isReused) {
      // Of what was not even written nothing can be lost, and each time a connection goes.
      if (!request.written) return "stale";
      if (!this.#staleRetried) {
        this.#staleRetried = true;
        return "stale";
      }
    }
    if (this.#count >= policy.attempts || !policy.on.includes(cause)) return "no";
    if (!live.mayRetry(policy.budgetPercent, policy.budgetMin)) return "no";
    if (this.#count === 0) live.retrying += 1;
    this.#count += 1;
    return "policy";
  }
}

/**
 * Where a retry goes: to another endpoint of the version if it has one, otherwise to a version that
 * the policy allows, stable before all others. A pinned request never leaves its version.
 */
export function poolForRetry(
  live: LiveService,
  failed: VersionPool,
  across: RetryPolicy["across"],
  pinned: boolean,
): VersionPool {
  if (pinned || across === "never" || failed.usableCount > 1) return failed;
  const stable = live.pools.find((pool) => pool.version === live.table.stable.name);
  if (stable !== undefined && stable !== failed && stable.usableCount > 0) return stable;
  if (across === "stable-only") return failed;
  return (
    live.pools.find((pool) => pool !== failed && pool.usableCount > 0 && takesNew(live, pool)) ??
    failed
  );
}

function takesNew(live: LiveService, pool: VersionPool): boolean {
  return live.table.versions.some(
    (version) => version.name === pool.version && version.newWeight > 0,
  );
}
