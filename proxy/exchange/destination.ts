import type { FilterChain } from "../filters/filter-chain.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { AttemptOutcome } from "../metrics/stats.ts";
import { fallback, mayTake } from "../table/fallback.ts";
import { canRead, pickReader } from "../table/fence.ts";
import type { FencedSession } from "../table/fence.ts";
import type { RequestView } from "../table/request-view.ts";
import type { RouteTable } from "../table/route-table.ts";
import type { ServiceTable } from "../table/service-table.ts";
import type { Policy } from "../table/snapshot.ts";
import { intolerable } from "../table/tolerance.ts";
import type { VersionTable } from "../table/version-table.ts";
import type { Peer } from "../transport/peer.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import { FirstAttempt } from "../upstream/first-attempt.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { Rank } from "../table/priority.ts";
import { isFullOfTunnels } from "../upstream/version-pool.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import { Affinity } from "./affinity.ts";
import type { AffinityDeps } from "./affinity.ts";
import type { ExchangeClient, UpstreamPool } from "./ports.ts";
import { withinDeadline } from "./deadline-field.ts";
import { GrpcCall } from "./grpc-call.ts";
import type { ProxyError } from "./respond.ts";
import type { Refusals } from "./refusals.ts";
import { poolForRetry } from "./retry.ts";
import { isWebSocket } from "./upgrade.ts";

/** What applies until the service is known: nothing has a limit, and nothing is retried. */
const NO_POLICY: Policy = {
  timeoutMs: 0,
  connectTimeoutMs: 0,
  idleTimeoutMs: 0,
  tunnelIdleTimeoutMs: 0,
  headTimeoutMs: 0,
  halfCloseGraceMs: 0,
  responseTimeoutMs: 0,
  stallTimeoutMs: 0,
  maxBodyBytes: 0,
  retries: { attempts: 0, on: [], across: "never", budgetPercent: 0, budgetMin: 0 },
};

/** What finding the way takes. */
export type DestinationDeps = AffinityDeps & { readonly refusals: Refusals };

/**
 * Where an exchange goes (service, route and version), and where it counts as under way. One object
 * for each exchange, reused.
 */
export class Destination {
  /** undefined: not known. */
  live: LiveService | undefined;
  policy: Policy = NO_POLICY;
  /** The filters that the service had when the exchange began. undefined: none. */
  filters: FilterChain | undefined;
  /** The version that a filter has chosen, set between `find` and `enter`. undefined: none. */
  named: VersionTable | undefined;
  /** The route that matched. undefined: none did. */
  route: RouteTable | undefined;
  /** The version where the exchange is counted. undefined: not counted yet, or no longer. */
  pool: VersionPool | undefined;
  /** How much it matters. */
  rank: Rank = 1;
  /** Its version has no room for it yet; it is in line for its turn, and not counted there. */
  isQueued = false;
  /** How long that took, in ms. */
  waitedMs = 0;
  /** How long it waits before its first attempt, in ms. 0: not at all. */
  holdMs = 0;
  /** What it is as a call of gRPC. */
  readonly grpc = new GrpcCall();
  readonly affinity: Affinity;
  /** undefined: no version that is observed was tried. */
  #first: FirstAttempt | undefined;
  #sinceMs = 0;
  /** Where what goes wrong is told. */
  readonly refusals: Refusals;
  /** By key, route or filter: a retry must not leave the version. */
  #pinned = false;
  /** It asks for a WebSocket, and the service counts how that ends. */
  #isUpgrade = false;
  /** What the attempt under way counts as if no more goes wrong. undefined: no answer yet. */
  #outcome: AttemptOutcome | undefined;

  constructor(deps: DestinationDeps) {
    this.refusals = deps.refusals;
    this.affinity = new Affinity(deps);
  }

  /** Nothing is known of where the next request goes, nor of where the last one went. */
  clear(): void {
    this.live = undefined;
    this.policy = NO_POLICY;
    this.filters = undefined;
    this.named = undefined;
    this.pool = undefined;
    this.holdMs = 0;
    this.route = undefined;
    this.#isUpgrade = false;
    this.affinity.clear();
    this.grpc.clear();
  }

  /** Up to how many bytes of the request wait until all of it is there. 0: none do. */
  get bufferBytes(): number {
    return this.grpc.isCall ? 0 : (this.policy.buffer?.requestBytes ?? 0);
  }

  /** Up to how many bytes of the answer wait for the client. 0: none do. */
  get aheadBytes(): number {
    return this.grpc.isCall ? 0 : (this.policy.buffer?.responseBytes ?? 0);
  }

  /** The rules of HTTP that messages of the service may break: a set of TOLERATED. */
  get tolerated(): number {
    return this.live?.table.tolerated ?? 0;
  }

  /** Finds service, route and policy, at `sinceMs`. undefined: there is no such service. */
  find(head: RequestHead, client: ExchangeClient, sinceMs = 0): LiveService | undefined {
    this.#sinceMs = sinceMs;
    const live = client.serviceFor(head.host);
    this.grpc.begin(head, live?.table.grpcFailures ?? 0);
    if (live === undefined) return undefined;
    this.live = live;
    this.filters = live.filters;
    this.named = undefined;
    this.holdMs = 0;
    this.#isUpgrade = isWebSocket(head.upgrade);
    this.route = live.table.route(head);
    this.policy = withinDeadline(this.route?.policy ?? live.table.policy, head);
    client.followPolicy(this.policy);
    return live;
  }

  /**
   * Chooses the version and counts the exchange there. Returns the reason if that is impossible.
   * `bound`: the pool that the client has a connection of its own from.
   */
  enter(
    live: LiveService,
    request: RequestView,
    client: Peer,
    bound?: UpstreamPool,
  ): ProxyError | undefined {
    const version = this.#choose(live, request, client, bound);
    if (version === undefined) return whyNowhere(this, live.table);
    const pool = live.poolOf(version);
    this.rank = this.route?.rank ?? 1;
    this.isQueued = !pool.hasRoom(live.table.shares[this.rank]);
    this.waitedMs = 0;
    if (this.isQueued && !mayQueue(pool, this.rank)) return "overloaded";
    if (this.#isUpgrade && isFullOfTunnels(pool)) return "overloaded";
    this.pool = pool;
    live.inFlight += 1;
    if (!this.isQueued) pool.inFlight += 1;
    if (pool.observed !== undefined && isCompared(this, version)) {
      this.#first ??= new FirstAttempt();
      this.#first.begin(pool.observed, client, this.affinity.key, placeOf(this), this.#sinceMs);
    }
    return undefined;
  }

  /** What the client is told of the choice with this answer, as field lines. */
  fields(head: ResponseHead): string {
    if (this.live === undefined) return "";
    const { debug } = this.live.table.snapshot;
    const shown = debug ? `X-Sluice-Version: ${this.pool?.version ?? ""}\r\n` : "";
    return shown + this.affinity.fields(head, this.pool?.version);
  }

  /** The endpoint's answer has begun: the attempt ends with the exchange, if not before. */
  attemptAnswered(status: number): void {
    this.#outcome = this.grpc.countedAs(status) >= 500 ? "5xx" : "ok";
  }

  /** The attempt there has ended and is counted once. `failure`: absent if it was answered. */
  attemptEnded(endpoint: Endpoint | undefined, failure?: AttemptOutcome, nowMs?: number): void {
    const outcome = failure ?? this.#outcome;
    this.#outcome = undefined;
    if (outcome !== undefined) this.pool?.counters.attempt(outcome);
    if (outcome !== undefined) this.#first?.ended(outcome, endpoint, nowMs);
  }

  /** A retry goes to a version that may take it, perhaps another one. */
  moveForRetry(endpoint: Endpoint | undefined): void {
    this.attemptEnded(endpoint);
    const { live, pool: failed } = this;
    if (live === undefined || failed === undefined) return;
    const next = poolForRetry(live, failed, this.policy.retries.across, this.#pinned);
    failed.counters.retry(next !== failed);
    next.inFlight += 1;
    this.pool = next;
    failed.left(-1, live.table.shares);
  }

  /**
   * The exchange has ended. `status`: what the client got, 0 for nothing. `at`: its last try.
   * `isBlameless`: a migration or drain has ended it, which says nothing of the version.
   */
  leave(
    status: number,
    durationMs: number,
    wasRetried: boolean,
    at?: Endpoint,
    isBlameless = false,
  ): void {
    const { live, pool } = this;
    this.attemptEnded(at, undefined, this.#sinceMs + durationMs);
    this.#first?.abandoned(isBlameless ? 200 : status, at, this.#sinceMs + durationMs);
    if (this.#isUpgrade) live?.upgraded(status === 101);
    this.#isUpgrade = false;
    this.filters = undefined;
    if (live === undefined || pool === undefined) return;
    this.pool = undefined;
    live.inFlight -= 1;
    if (wasRetried) live.retrying -= 1;
    const counted = isBlameless ? status : this.grpc.countedAs(status);
    pool.counters.exchange(counted, durationMs);
    if (this.grpc.isCall) pool.counters.call(this.grpc.statusNumber);
    const isWell = counted >= 200 && counted < 500;
    if (!this.isQueued) pool.left(isWell ? durationMs - this.waitedMs : -1, live.table.shares);
    this.isQueued = false;
  }

  /**
   * The version that a filter or else the route names, else that of the client's own connection,
   * else by affinity key, else the next of the service's quota sequence. A version without a usable
   * endpoint gives way to stable (never the other way round), unless the version was named, because
   * then the request asked for it. None gets a session that it cannot read.
   */
  #choose(
    live: LiveService,
    request: RequestView,
    client: Peer,
    bound: UpstreamPool | undefined,
  ): VersionTable | undefined {
    const own = bound && live.table.versions.find((version) => live.poolOf(version) === bound);
    const hasPlace = this.affinity.read(live.table, request, client);
    const { fenced } = this.affinity;
    const bindsTo = own && isOpen(live, own, fenced) ? own : undefined;
    const named = this.named ?? this.route?.to ?? bindsTo;
    this.#pinned = hasPlace || named !== undefined;
    if (named !== undefined) return isOpen(live, named, fenced) ? named : undefined;
    const picked = this.affinity.pick(live);
    if (fenced === undefined) return fallback(live.table, picked, live.isUsable);
    return pickReader(live.table, picked, fenced, live.isUsable);
  }
}

/** Why its service does not take a request with this head. undefined: it may. */
export function refusedAt(
  { live, tolerated, grpc }: Destination,
  { violations, method }: RequestHead,
): Refusal | undefined {
  const broken = intolerable(violations, tolerated);
  if (broken !== undefined) return REFUSALS[broken];
  const isTaken = live?.table.takesMethod(method) ?? true;
  return isTaken ? grpc.refusal : REFUSALS["method-not-listed"];
}

/** Whether one more of this rank may wait for its turn. */
function mayQueue({ policy: { limits }, turns }: VersionPool, rank: Rank): boolean {
  if ((limits.pendingTimeoutMs ?? 0) === 0 || limits.inFlight === 0) return false;
  return turns.makesRoom(rank, limits.pending);
}

/** Whether the version takes requests that are meant for it, and those of this session. */
function isOpen(
  live: LiveService,
  version: VersionTable,
  session: FencedSession | undefined,
): boolean {
  return mayTake(version, live.isUsable) && canRead(version, session?.epoch ?? 0);
}

/** Why no version takes it: who could read its session is ill, or nobody could. */
function whyNowhere(to: Destination, { name, versions }: ServiceTable): ProxyError {
  const { fenced } = to.affinity;
  if (fenced === undefined) return "no-endpoint";
  const named = to.named ?? to.route?.to;
  const meant = named === undefined ? versions.filter(({ weight }) => weight > 0) : [named];
  if (meant.some((version) => canRead(version, fenced.epoch))) return "no-endpoint";
  to.refusals.session(name, fenced.epoch);
  return "session-unreadable";
}

/**
 * Whether what the version does with the request tells something: not if it was picked for it, as
 * that may be of another kind than what the split gives it. A version without a share is looked at
 * by itself.
 */
function isCompared({ named, route }: Destination, { newWeight }: VersionTable): boolean {
  return newWeight === 0 || (named === undefined && route?.to === undefined);
}

/** See CountedAttempt. */
function placeOf({ live, route }: Destination): number {
  return live?.table.hasRoutes === true ? (route?.place ?? 0) : -1;
}
