import type { FilterChain } from "../filters/filter-chain.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { AttemptOutcome } from "../metrics/stats.ts";
import type { Policy } from "../table/snapshot.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import { isWebSocket } from "./answer.ts";
import { Choice } from "./choose.ts";
import type { ClientConnection } from "../clients/client-connection.ts";
import type { ServeDeps } from "./deps.ts";
import type { ProxyError } from "./respond.ts";
import { poolForRetry } from "./retry.ts";

/** Where an exchange goes, and where it is counted as under way. One object an exchange, reused. */
export class Destination {
  readonly choice: Choice;
  /** Set by findService; valid until the exchange ends. */
  live!: LiveService;
  policy!: Policy;
  /** Those that the service had when the exchange began. undefined: none. */
  filters: FilterChain | undefined;
  /** The version that the exchange is counted at. undefined: not counted yet, or no more. */
  pool: VersionPool | undefined;
  /** It asks for a WebSocket, and the service counts how that ends. */
  #isUpgrade = false;
  /** What the attempt under way counts as if nothing goes wrong any more. undefined: no answer. */
  #outcome: AttemptOutcome | undefined;

  constructor(deps: ServeDeps) {
    this.choice = new Choice(deps.random);
  }

  /** Finds service, route and policy. Returns what stands against it. */
  findService(head: RequestHead, client: ClientConnection): ProxyError | undefined {
    this.pool = undefined;
    this.#isUpgrade = false;
    const live = client.serviceFor(head.host);
    if (live === undefined) return "no-service";
    this.live = live;
    this.filters = live.filters;
    this.choice.named = undefined;
    this.#isUpgrade = isWebSocket(head.upgrade);
    this.choice.route = live.table.route(head);
    this.policy = this.choice.route?.policy ?? live.table.policy;
    client.followPolicy(this.policy);
    return undefined;
  }

  /** Chooses the version and counts the exchange there. Returns what stands against it. */
  enterVersion(head: RequestHead, clientAddress: string): ProxyError | undefined {
    const { live, choice } = this;
    choice.choose(live, head, clientAddress);
    if (choice.version === undefined) return "no-endpoint";
    const pool = live.poolOf(choice.version);
    if (pool.full) return "overloaded";
    this.pool = pool;
    live.inFlight += 1;
    pool.inFlight += 1;
    return undefined;
  }

  /** What the client is told of the choice, as field lines. */
  fields(): string {
    return this.choice.fields(this.live, this.pool?.version ?? "");
  }

  /** The endpoint's answer has begun: the attempt ends with the exchange, if not before. */
  attemptAnswered(status: number): void {
    this.#outcome = status >= 500 ? "5xx" : "ok";
  }

  /** The attempt is over, and counted once. `failure`: absent, when it was answered. */
  attemptEnded(failure?: AttemptOutcome): void {
    const outcome = failure ?? this.#outcome;
    this.#outcome = undefined;
    if (outcome !== undefined) this.pool?.counters.attempt(outcome);
  }

  /** A retry goes to the version that may take it: perhaps another one. */
  moveForRetry(failed: VersionPool): void {
    this.attemptEnded();
    const { across } = this.policy.retries;
    const next = poolForRetry(this.live, failed, across, this.choice.pinned);
    failed.counters.retry(next !== failed);
    failed.inFlight -= 1;
    next.inFlight += 1;
    this.pool = next;
  }

  /** The exchange is over. `status`: what the client got, 0 for nothing. */
  leave(status: number, durationMs: number, wasRetried: boolean): void {
    const { live, pool } = this;
    this.attemptEnded();
    if (this.#isUpgrade) live.upgraded(status === 101);
    this.#isUpgrade = false;
    this.filters = undefined;
    if (pool === undefined) return;
    this.pool = undefined;
    live.inFlight -= 1;
    if (wasRetried) live.retrying -= 1;
    pool.inFlight -= 1;
    pool.counters.exchange(status, durationMs);
  }
}
