import type { ProxyError } from "../exchange/respond.ts";
import type { Peer } from "../transport/peer.ts";
import { openTunnel } from "../tunnel/open-tunnel.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { UpstreamConnection, UpstreamUser } from "../upstream/upstream-connection.ts";
import { AcceptedConnection } from "./accepted-connection.ts";
import type { Taken } from "./accepted-connection.ts";
import type { ClientDeps } from "./client-deps.ts";
import type { PrefacedConnection } from "./proxy-preface.ts";
import { HelloPreface } from "./hello-preface.ts";
import type { NamedConnection } from "./hello-preface.ts";
import { TcpDestination } from "./tcp-destination.ts";
import type { TcpRoutes } from "./tcp-routes.ts";
import { writtenProxyHeader } from "./written-proxy-header.ts";

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
  implements PrefacedConnection, NamedConnection, UpstreamUser
{
  readonly exchange = undefined;
  readonly #routes: TcpRoutes;
  readonly #sinceMs: number;
  #live: LiveService | undefined;
  #to: TcpDestination | undefined;
  /** To the endpoint that is being connected. undefined: none yet, or it is the tunnel's. */
  #upstream: UpstreamConnection | undefined;
  /** What was read before an endpoint stands: to know who the client is, or what it asks for. */
  #held: Buffer | undefined;

  /** `begin` follows, or `onPrefaced` when a ProxyPreface has read who the client is. */
  constructor(taken: Taken, peer: Peer, routes: TcpRoutes, deps: ClientDeps) {
    super(taken, peer, routes.otherwise, deps);
    this.#routes = routes;
    this.#sinceMs = deps.wheel.nowMs;
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

  get preface(): string | undefined {
    const version = this.#live?.table.snapshot.tcp?.proxyProtocol;
    return version && writtenProxyHeader(version, this.peer.ends);
  }

  onUpstreamReady(connection: UpstreamConnection): void {
    const { deps } = this;
    const { pool } = this.#to ?? {};
    const idleTimeoutMs = this.#live?.table.policy.tunnelIdleTimeoutMs ?? 0;
    this.#upstream = undefined;
    this.#to?.reached(connection.endpoint);
    if (pool === undefined) return connection.transport.destroy();
    const about = { wheel: deps.wheel, idleTimeoutMs, sinceMs: this.#sinceMs, quietMs: QUIET_MS };
    openTunnel({ client: this, connection, pool, ...about, frames: undefined }, NOTHING);
    return this.offer();
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    this.#upstream = undefined;
    const refusal = this.#to?.failed(failure, endpoint);
    if (refusal === undefined) this.#seek(endpoint);
    else this.#refuse(refusal, endpoint);
  }

  onUpstreamData(): void {
    // A tunnel has the connection before it is read.
  }

  onUpstreamEnd(): void {
    // As above.
  }

  onUpstreamFlushed(): void {
    // As above.
  }

  onUpstreamClosed(): void {
    // As above.
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
    this.#giveUp();
    this.closed();
  }

  /** It has not said what it had to, or its turn for a connection has not come. */
  onDeadline(): void {
    if (this.#to !== undefined) return this.#refuse("overloaded");
    const reason = this.#routes.readsHello ? "client-hello-timeout" : "proxy-header-timeout";
    this.deps.refusals.connection(reason, { client: this.peer.address });
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
    return this.#to === undefined ? this.#sinceMs : undefined;
  }

  closeWhenIdle(): void {
    if (this.#to === undefined) this.transport.destroy();
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

  protected leave(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** What an intention allows of a service that is not HTTP: all or nothing, as in Consul. */
  get #isDenied(): boolean {
    const { judged } = this;
    if (judged === undefined || judged.rule.always === "allow") return false;
    this.deps.refusals.denied(this.#live?.name ?? this.service, judged.source?.service);
    return true;
  }

  #goTo(name: string): void {
    const live = this.deps.services.byName(name);
    if (live?.table.snapshot.tcp === undefined) return this.#refuse("no-service");
    this.#live = live;
    this.#to = new TcpDestination(live);
    const failure = this.#to.enter(this.peer.address);
    return failure === undefined ? this.#seek() : this.#refuse(failure);
  }

  /** undefined: it does not speak TLS. */
  #refuseName(serverName: string | undefined): void {
    const reason = serverName === undefined ? "client-hello-invalid" : reasonFor(serverName);
    this.deps.refusals.connection(reason, { client: this.peer.address });
    // Whose TLS has been ended here has got through its handshake.
    if (serverName === undefined || !this.#routes.readsHello) return this.transport.reset();
    this.transport.write(UNKNOWN_NAME_ALERT);
    return this.linger();
  }

  #seek(avoid?: Endpoint): void {
    const sought = this.#to?.seek(this, avoid) ?? "no-endpoint";
    if (sought === "waiting") this.armFor(this.#live?.table.policy.connectTimeoutMs ?? 0);
    else if (typeof sought === "string") this.#refuse(sought);
    else this.#upstream = sought;
  }

  #refuse(error: ProxyError, endpoint?: Endpoint): void {
    const version = this.#to?.pool?.version;
    const service = this.#live?.name ?? this.service;
    const client = this.peer.address;
    const about = { service, version, endpoint: endpoint?.address, client };
    if (this.#live === undefined) this.deps.refusals.connection(error, about);
    else this.deps.refusals.unreached(error, about);
    this.transport.reset();
  }

  /** It needs no endpoint any more. */
  #giveUp(): void {
    const { pool } = this.#to ?? {};
    if (this.#upstream === undefined) pool?.cancel(this);
    else pool?.discard(this.#upstream);
    this.#upstream = undefined;
    this.#to?.leave();
  }
}

function reasonFor(serverName: string): string {
  return serverName === "" ? "sni-missing" : "sni-unknown";
}
