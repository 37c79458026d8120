import { Timer } from "../base/timer-wheel.ts";
import type { Expiring } from "../base/timer-wheel.ts";
import type { BoundUpstream } from "../exchange/ports.ts";
import { acceptTransport } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import type { Peer } from "../transport/peer.ts";
import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import type { OpenTunnel, TunnelClient } from "../tunnel/tunnel-ends.ts";
import type { SourceRule } from "../intentions/intention-judge.ts";
import type { JudgedRequest } from "../intentions/permission-rule.ts";
import { JudgedClient } from "./judged-client.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { GivenClient, OpenClient, OpenRequest } from "./client-connections.ts";
import type { ClientDeps } from "./client-deps.ts";
import { Linger } from "./linger.ts";

/** A connection that a listener gives a client: a transport if it has shaken hands. */
export type Taken = Accepted | WireTransport;

/** How long a client may take for each thing, in ms; 0: no limit. Every Policy has these. */
export type ClientTimeouts = {
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly stallTimeoutMs: number;
};

/** What of them goes along to another worker. */
type HandedTimeouts = Pick<ClientTimeouts, "headTimeoutMs" | "idleTimeoutMs">;

/** For a connection that has not been used for a service yet. */
const FIRST_TIMEOUTS: ClientTimeouts = {
  headTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  stallTimeoutMs: 30_000,
};

/** As in WorkerDrain: one that was used more recently counts as in use. */
const IN_USE_MS = 1_000;

/** By how much of its idle timeout a connection may outlast it, so that not all end at once. */
const IDLE_JITTER = 0.1;

/**
 * A connection from a client, whatever its protocol: what it may be used for, its timer, and how it
 * ends. Each protocol extends this.
 */
export abstract class AcceptedConnection
  implements TransportHandler, Expiring, TunnelClient, OpenClient
{
  readonly transport: WireTransport;
  /** Who is at the other end, or whom it speaks for: set again by a ProxyPreface. */
  peer: Peer;
  /** The listener's service. undefined: by Host. */
  readonly service: string | undefined;
  /** Who has taken it over. undefined: nobody. */
  tunnel: OpenTunnel | undefined;
  bound: BoundUpstream | undefined;
  protected readonly deps: ClientDeps;
  /** Who it is in the mesh. undefined: no intention is about it. */
  protected judged: JudgedClient | undefined;
  /** The timeouts of the service that it was last used for. */
  timeouts: ClientTimeouts = FIRST_TIMEOUTS;
  readonly #timer = new Timer(this);
  /** Its next answer is its last. */
  #isOutdated = false;
  /** The rule that has let the tunnel pass. */
  #tunnelRule: SourceRule | undefined;

  constructor(accepted: Taken, peer: Peer, service: string | undefined, deps: ClientDeps) {
    this.peer = peer;
    this.service = service;
    this.deps = deps;
    this.transport = this.#takeOver(accepted);
    const { tls } = peer;
    if (tls?.isJudged === true) {
      this.judged = new JudgedClient(tls.identity?.uris ?? [], deps.intentions);
    }
    const live = service === undefined ? undefined : deps.services.byName(service);
    if (live !== undefined) this.followPolicy(live.table.policy);
    this.armFor(this.timeouts.headTimeoutMs);
  }

  #takeOver(accepted: Taken): WireTransport {
    if (!("handler" in accepted)) return acceptTransport(accepted, this.deps.buffers, this);
    accepted.handler = this;
    return accepted;
  }

  onPrefaced(rest: Buffer): void {
    if (rest.length > 0) this.onData(rest, rest.length);
  }

  abstract onData(bytes: Buffer, end: number): void;
  abstract onEnd(): void;
  abstract onFlushed(): void;
  abstract onClose(): void;
  abstract onDeadline(nowMs: number): void;
  abstract offer(): void;
  abstract goOn(): void;
  abstract giveAway(): GivenClient | undefined;
  abstract closeWhenIdle(): void;
  abstract readonly exchange: OpenRequest | undefined;
  abstract readonly idleSinceMs: number | undefined;

  /** From now on nothing that arrives is for this object. Returns what was read but not used. */
  protected abstract leave(): Buffer | undefined;

  /** As the end of a tunnel. */
  get tunnelEnd(): this {
    return this;
  }

  /**
   * The worker is ending, or gives its connections away, which this one cannot survive: answers
   * announce that their connection will close.
   */
  get draining(): boolean {
    const { draining, onIdle } = this.deps.connections;
    if (draining || this.#isOutdated) return true;
    return onIdle !== undefined && (this.isBound || this.staysHere);
  }

  /** Once a second: one that has outlived what its TLS has shown ends, as in a drain. */
  look(): void {
    const { nowMs } = this.deps.wheel;
    if (this.peer.tls?.isOutdated(nowMs) !== true) return;
    this.#isOutdated = true;
    if (this.tunnel !== undefined) return this.tunnel.close(1012);
    // One that was used just now gets to know with its next answer.
    const { idleSinceMs } = this;
    if (idleSinceMs !== undefined && nowMs - idleSinceMs >= IN_USE_MS) this.closeWhenIdle();
    return undefined;
  }

  get staysHere(): boolean {
    return this.tunnel?.staysHere ?? this.transport.staysHere;
  }

  /** An open connection to an endpoint is its alone. */
  protected get isBound(): boolean {
    return this.bound !== undefined && !this.bound.upstream.gone;
  }

  /** The connection that is its alone dies with it. */
  protected endBound(): void {
    const { bound } = this;
    this.bound = undefined;
    bound?.pool.discard(bound.upstream);
  }

  /** The service that a request with this Host is for. undefined: none of HTTP. */
  serviceFor(host: string): LiveService | undefined {
    const { services } = this.deps;
    if (this.service !== undefined) {
      const live = services.enter(this.service);
      return live?.table.snapshot.tcp === undefined ? live : undefined;
    }
    const table = services.table.serviceByHost(host);
    return table === undefined ? undefined : services.enter(table.name);
  }

  denies(request: JudgedRequest): boolean {
    const { judged, service } = this;
    if (judged === undefined || judged.rule.allows(request)) return false;
    this.deps.refusals.denied(service, judged.source?.service);
    return true;
  }

  /** A tunnel's request is gone: it stays if nothing has changed for it, or it may anything now. */
  judgeAgain(): void {
    const rule = this.judged?.rule;
    if (rule === undefined || rule.always === "allow") return;
    const { tunnel, exchange } = this;
    if (tunnel !== undefined) {
      if (rule.key !== this.#tunnelRule?.key) tunnel.cut(1008);
    } else if (exchange !== undefined && this.denies(exchange.head))
      exchange.cut("intention-denied");
  }

  /** The connection's timeouts between requests are those of the service it was last used for. */
  followPolicy(policy: ClientTimeouts): void {
    this.timeouts = policy;
  }

  /** Calls `onDeadline` at this time, in monotonic milliseconds. */
  armAt(deadlineMs: number): void {
    this.deps.wheel.armAt(this.#timer, deadlineMs);
  }

  /** Like armAt, counted from now. 0: not at all. */
  protected armFor(timeoutMs: number): void {
    this.deps.wheel.arm(this.#timer, timeoutMs > 0 ? timeoutMs : Infinity);
  }

  /** Between two requests. Never shorter than configured: whoever is in front relies on it. */
  protected armIdle(): void {
    const { idleTimeoutMs } = this.timeouts;
    this.armFor(idleTimeoutMs * (1 + IDLE_JITTER * this.deps.random.next()));
  }

  /** Goes on between two requests with what another worker had learned. */
  protected goOnWith({ headTimeoutMs, idleTimeoutMs }: HandedTimeouts): void {
    this.timeouts = { ...this.timeouts, headTimeoutMs, idleTimeoutMs };
    this.armIdle();
  }

  onConnect(): void {
    // An accepted connection is established from the beginning.
  }

  becomeTunnel(tunnel: OpenTunnel): Buffer | undefined {
    this.tunnel = tunnel;
    this.#tunnelRule = this.judged?.rule;
    this.transport.handler = tunnel;
    this.#timer.close();
    this.deps.connections.tunnels += 1;
    return this.leave();
  }

  tunnelEnded(): void {
    this.deps.connections.tunnels -= 1;
    this.closed();
  }

  /** It has had its last answer. */
  protected linger(): void {
    const { transport } = this;
    const { wheel, connections: count } = this.deps;
    this.#timer.close();
    this.leave();
    const linger = new Linger({ transport, wheel, count, onGone: () => this.closed() });
    linger.begin(this.timeouts.stallTimeoutMs);
  }

  /** Another connection goes on with its transport. */
  abandon(): void {
    this.leave();
    this.closed();
  }

  /** It is gone: closed, or given to another worker. */
  protected closed(): void {
    this.#timer.close();
    this.deps.connections.remove(this);
  }
}
