import type { ProxyError } from "../exchange/respond.ts";
import type { Peer } from "../transport/peer.ts";
import { openTunnel } from "../tunnel/open-tunnel.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import { AcceptedConnection } from "./accepted-connection.ts";
import type { Taken } from "./accepted-connection.ts";
import type { ClientDeps } from "./client-deps.ts";
import type { PrefacedConnection } from "./proxy-preface.ts";
import { EndpointSearch } from "./endpoint-search.ts";
import type { SearchOwner } from "./endpoint-search.ts";
import { HelloPreface } from "./hello-preface.ts";
import type { NamedConnection } from "./hello-preface.ts";
import type { TcpRoutes } from "./tcp-routes.ts";

/**
 * Silence after which a connection may be closed without cutting anything, as far as anybody can
 * know: an answer to a question takes less, mostly, and idle clients of databases are silent for
 * longer.
 */
const QUIET_MS = 1_000;

const NOTHING = Buffer.alloc(0);

/** What a client of TLS hears whose name nobody knows: unrecognized_name (RFC 6066 section 3). */
const UNKNOWN_NAME_ALERT = "\x15\x03\x03\x00\x02\x02\x70";

/**
 * A client's connection that is passed on as it is. It is not read before an endpoint stands, so
 * that it can go to another one if the first cannot be reached; and whoever speaks first may be the
 * endpoint. From then on a tunnel has it.
 */
export class TcpConnection
  extends AcceptedConnection
  implements PrefacedConnection, NamedConnection, SearchOwner
{
  readonly exchange = undefined;
  readonly #routes: TcpRoutes;
  readonly #sinceMs: number;
  /** undefined: its service is not known yet. */
  #search: EndpointSearch | undefined;
  /** It is counted among those that will be tunnels. */
  #isSeeking = true;
  /** What was read before an endpoint stands: to know who the client is, or what it asks for. */
  #held: Buffer | undefined;

  /** `begin` follows, or `onPrefaced` when a ProxyPreface has read who the client is. */
  constructor(taken: Taken, peer: Peer, routes: TcpRoutes, deps: ClientDeps) {
    super(taken, peer, routes.otherwise, deps);
    this.#routes = routes;
    this.#sinceMs = deps.wheel.nowMs;
    deps.connections.seeking += 1;
  }

  /** Looks for its service, and there for an endpoint. */
  begin(): void {
    if (this.#routes.readsHello) return new HelloPreface(this, this.leave() ?? NOTHING).begin();
    return this.onName(this.peer.tls?.serverName ?? "", this.leave() ?? NOTHING);
  }

  override onPrefaced(rest: Buffer): void {
    if (rest.length > 0) this.#held = Buffer.from(rest);
    this.begin();
  }

  onName(serverName: string | undefined, read: Buffer): void {
    const name = this.#routes.serviceFor(serverName ?? "");
    if (read.length > 0) this.#held = read;
    this.transport.pause();
    this.armAt(Infinity);
    if (name === undefined) this.#refuseName(serverName);
    else if (this.#isDenied) this.transport.reset();
    else this.#goTo(name);
  }

  onFound(connection: UpstreamConnection, pool: VersionPool): void {
    const { wheel } = this.deps;
    const idleTimeoutMs = this.#search?.live.table.policy.tunnelIdleTimeoutMs ?? 0;
    const about = { wheel, idleTimeoutMs, sinceMs: this.#sinceMs, quietMs: QUIET_MS };
    this.#found();
    openTunnel({ client: this, connection, pool, ...about, frames: undefined }, NOTHING);
    this.offer();
  }

  onNone(error: ProxyError, pool?: VersionPool, endpoint?: Endpoint): void {
    const service = this.#search?.live.name ?? this.service;
    const client = this.peer.address;
    const about = { service, version: pool?.version, endpoint: endpoint?.address, client };
    if (this.#search === undefined) this.deps.refusals.connection(error, about);
    else this.deps.refusals.unreached(error, about);
    this.#record(error, pool?.version, endpoint?.address);
    this.transport.reset();
  }

  waits(timeoutMs: number): void {
    this.armFor(timeoutMs);
  }

  onData(bytes: Buffer, end: number): void {
    // The kernel had it before the connection was paused.
    const more = Buffer.from(bytes.subarray(0, end));
    this.#held = this.#held === undefined ? more : Buffer.concat([this.#held, more]);
  }

  onEnd(): void {
    // The tunnel will see that it has ended.
  }

  onFlushed(): void {
    // Nothing has been written.
  }

  onClose(): void {
    this.#search?.giveUp();
    this.closed();
  }

  /** It has not said what it had to, or its turn for a connection has not come. */
  onDeadline(): void {
    if (this.#search !== undefined) return this.#search.onDeadline();
    const reason = this.#routes.readsHello ? "client-hello-timeout" : "proxy-header-timeout";
    this.deps.refusals.connection(reason, { client: this.peer.address });
    this.#record(reason);
    return this.transport.destroy();
  }

  override look(): void {
    if (this.tunnel === undefined && this.transport.lost) this.transport.destroy();
    else super.look();
  }

  override judgeAgain(): void {
    if (this.tunnel === undefined && this.#isDenied) this.transport.reset();
    else super.judgeAgain();
  }

  get idleSinceMs(): number | undefined {
    return this.#search === undefined ? this.#sinceMs : undefined;
  }

  closeWhenIdle(): void {
    if (this.#search === undefined) this.transport.destroy();
  }

  /** When its tunnel stands, that can move. */
  giveAway(): undefined {
    return undefined;
  }

  offer(): void {
    this.deps.connections.onIdle?.(this);
  }

  goOn(): void {
    // It does.
  }

  /** It has become a tunnel, or is gone: whichever comes first. */
  #found(): void {
    if (this.#isSeeking) this.deps.connections.seeking -= 1;
    this.#isSeeking = false;
  }

  protected override closed(): void {
    this.#found();
    super.closed();
  }

  protected leave(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** What an intention allows of a service that is not HTTP: all or nothing, as in Consul. */
  get #isDenied(): boolean {
    const { judged } = this;
    if (judged === undefined || judged.rule.always === "allow") return false;
    this.deps.refusals.denied(this.#search?.live.name ?? this.service, judged.source?.service);
    this.#record("intention-denied");
    return true;
  }

  #goTo(name: string): void {
    const live = this.deps.services.enter(name);
    if (live?.table.snapshot.tcp === undefined) return this.onNone("no-service");
    this.#search = new EndpointSearch(live, this.peer, this);
    return this.#search.begin();
  }

  /** It does not become a tunnel. */
  #record(outcome: string, version = "", endpoint = ""): void {
    this.deps.witness.tunnels?.tunnelEnded({
      protocol: "tcp",
      client: this.peer.address,
      service: this.#search?.live.name ?? this.service ?? "",
      version,
      endpoint,
      outcome,
      durationMs: Math.max(0, this.deps.wheel.nowMs - this.#sinceMs),
      bytesIn: 0,
      bytesOut: 0,
    });
  }

  /** undefined: it does not speak TLS. */
  #refuseName(serverName: string | undefined): void {
    const reason = serverName === undefined ? "client-hello-invalid" : reasonFor(serverName);
    this.deps.refusals.connection(reason, { client: this.peer.address });
    this.#record(reason);
    // Whose TLS has been ended here has got through its handshake.
    if (serverName === undefined || !this.#routes.readsHello) return this.transport.reset();
    this.transport.write(UNKNOWN_NAME_ALERT);
    return this.linger();
  }
}

function reasonFor(serverName: string): string {
  return serverName === "" ? "sni-missing" : "sni-unknown";
}
