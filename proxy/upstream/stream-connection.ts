import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Http2Connection } from "../http2/connection.ts";
import type { Http2Counts } from "../http2/counts.ts";
import type { Transport } from "../transport/transport.ts";
import type { WriteBatch } from "../transport/write-batch.ts";
import type { ConnectFailure } from "./connect-failure.ts";
import type { EndpointTls } from "./endpoint-tls.ts";
import type { Endpoint } from "./endpoint.ts";
import { Http2Link } from "./http2-link.ts";
import type { Http2LinkDeps, LinkOwner } from "./http2-link.ts";
import type { PoolPolicy } from "./pool-policy.ts";
import { StreamLife } from "./stream-life.ts";
import type { MessageUser, UpstreamUser } from "./upstream-connection.ts";
import { UpstreamStream } from "./upstream-stream.ts";
import type { StreamCarrier } from "./upstream-stream.ts";

/** How often a connection is looked at: see Http2Connection.look(). */
const LOOK_MS = 1_000;

/** Longest wait for the endpoint's FIN, once we have nothing more to say. */
const FAREWELL_MS = 1_000;

/** Streams of a connection that is not there yet: servers should take as many (RFC 9113 6.5.2). */
const STREAMS_ASSUMED = 100;

/** What a pool wants to know of its connections that carry streams. */
export interface StreamConnectionOwner {
  /** Its endpoint has chosen HTTP/1.1: its users, if any, are still without a connection. */
  onStreamsDeclined(connection: StreamConnection, transport: Transport): void;
  /** A user that waited for it has its stream, or will get none. */
  settled(user: MessageUser): void;
  /** It stands; more may still wait for it than it takes. */
  onStreamsFull(connection: StreamConnection): void;
  /** It could carry one more stream. */
  onPlace(): void;
  /** It has closed. */
  onStreamsGone(connection: StreamConnection): void;
}

/** What it is made with. */
export type StreamConnectionDeps = Http2LinkDeps & {
  readonly owner: StreamConnectionOwner;
  readonly tls: EndpointTls;
  readonly wheel: TimerWheel;
  readonly http2Counts: Http2Counts;
  readonly onHttp2Rejected: (reason: string, endpoint: string) => void;
  readonly connectTimeoutMs: number;
  /** As it is now. */
  readonly policy: () => Pick<PoolPolicy, "keepAlive" | "limits">;
};

/**
 * One connection to an endpoint that carries many exchanges at once, each as a stream of HTTP/2.
 * Users may wait for it from its first moment on. It stands when the endpoint's SETTINGS have come,
 * which say how many streams it takes. An endpoint that may choose (ALPN) and wants HTTP/1.1 gets
 * that instead.
 */
export class StreamConnection implements Expiring, LinkOwner, StreamCarrier {
  readonly endpoint: Endpoint;
  readonly scheme: "http" | "https";
  readonly madeBy: object;
  readonly turns: WriteBatch;
  readonly counts: Http2Counts;
  readonly connectTimeoutMs: number;
  /** It has carried an exchange. */
  isUsed = false;
  readonly #deps: StreamConnectionDeps;
  readonly #link: Http2Link;
  readonly #life: StreamLife;
  readonly #timer = new Timer(this);
  /** It carries nothing new, and closes when what it carries has ended. */
  #isRetired = false;
  #hasLeft = false;
  #waiting: MessageUser[] = [];
  readonly #spare: UpstreamStream[] = [];
  #streams = 0;

  constructor(deps: StreamConnectionDeps) {
    const { endpoint, tls, wheel, connectTimeoutMs } = deps;
    this.#deps = deps;
    this.endpoint = endpoint;
    this.scheme = tls.scheme;
    this.madeBy = tls.current;
    this.turns = deps.buffers.writes;
    this.counts = deps.http2Counts;
    this.connectTimeoutMs = connectTimeoutMs;
    this.#life = new StreamLife(() => deps.policy().keepAlive, wheel.nowMs);
    this.#link = new Http2Link(deps, this);
    wheel.armFromNow(this.#timer, connectTimeoutMs > 0 ? connectTimeoutMs : Infinity);
  }

  /** Whether it may carry one more stream. */
  get hasRoom(): boolean {
    const promised = this.#life.carried + this.#waiting.length;
    const isSpent = this.#life.isSpentAt(promised, this.#deps.wheel.nowMs);
    if (isSpent || this.#isRetired || this.#deps.tls.isOld(this)) return false;
    if (this.#link.stands) return this.#mayOpen;
    const taken = Math.min(this.#deps.policy().limits.streams, assumedOf(this.#deps));
    return this.#waiting.length < taken;
  }

  /** It carries nothing, and nobody waits for it. */
  get isIdle(): boolean {
    return this.#streams === 0 && this.#waiting.length === 0;
  }

  get gone(): boolean {
    return this.#link.gone;
  }

  get takesTunnels(): boolean {
    return this.#link.http2?.peer.connectProtocol === true;
  }

  /**
   * A stream for `user`, who waits for it if this connection does not stand yet: it is told by
   * onUpstreamReady or onUpstreamFailed, unless it leaves. There must be room.
   */
  give(user: MessageUser): UpstreamStream | "waiting" {
    this.endpoint.inFlight += 1;
    if (this.#link.stands) return this.#openStream(user);
    this.#waiting.push(user);
    return "waiting";
  }

  /** A user waits no longer. */
  leave(user: UpstreamUser): void {
    const index = this.#waiting.findIndex((each) => each === user);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.endpoint.inFlight -= 1;
  }

  /** Takes all who wait away from it, in their order. */
  leaveAll(): readonly MessageUser[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.endpoint.inFlight -= waiting.length;
    return waiting;
  }

  /** It carries nothing new from now on, and closes when what it carries has ended. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfDone();
  }

  onDeclined(transport: Transport): void {
    this.#timer.close();
    this.#deps.owner.onStreamsDeclined(this, transport);
  }

  onLinkClosed(failure: ConnectFailure | undefined): void {
    const { owner } = this.#deps;
    this.#timer.close();
    this.#isRetired = true;
    const waiting = this.leaveAll();
    owner.onStreamsGone(this);
    for (const user of waiting) {
      owner.settled(user);
      user.onUpstreamFailed(failure ?? "unreachable", this.endpoint);
    }
  }

  onDeadline(nowMs: number): void {
    const { http2, stands } = this.#link;
    this.#link.isLate = !stands;
    if (http2 === undefined || !stands || this.#hasLeft) return this.#link.destroy();
    http2.look(nowMs);
    if (this.#life.isDead(http2, this.#streams > 0, nowMs)) return this.#link.destroy();
    if (this.isIdle && this.#life.hasRested(nowMs)) this.#isRetired = true;
    this.#closeIfDone();
    if (!this.#hasLeft) this.#deps.wheel.arm(this.#timer, LOOK_MS);
    return undefined;
  }

  onSettings(): void {
    const { owner, wheel } = this.#deps;
    if (this.#link.stands) return owner.onPlace();
    this.#link.stands = true;
    wheel.arm(this.#timer, LOOK_MS);
    while (this.#mayOpen) {
      const user = this.#waiting.shift();
      if (user === undefined) break;
      owner.settled(user);
      user.onUpstreamReady(this.#openStream(user));
    }
    return owner.onStreamsFull(this);
  }

  onGoAway(): void {
    this.retire();
    this.#deps.owner.onPlace();
  }

  readonly onRoom = (): void => this.#deps.owner.onPlace();
  readonly onStream = ignore;
  readonly onIdle = ignore;
  readonly onRejected = (reason: string): void =>
    this.#deps.onHttp2Rejected(reason, this.endpoint.address);
  readonly onPong = (): void => this.heard();

  onFailed(): void {
    this.#isRetired = true;
    this.#link.onBroken();
  }

  heard(): void {
    this.#life.heardMs = this.#deps.wheel.nowMs;
  }

  takeBack(stream: UpstreamStream): void {
    this.#spare.push(stream);
  }

  settled(user: MessageUser): void {
    this.#deps.owner.settled(user);
  }

  streamEnded(): void {
    this.endpoint.inFlight -= 1;
    this.#streams -= 1;
    if (this.#streams === 0) this.#life.restsSinceMs = this.#deps.wheel.nowMs;
    this.#closeIfDone();
  }

  #openStream(user: MessageUser): UpstreamStream {
    const http2 = this.#link.http2 as Http2Connection;
    // One that has rested may have ended: a whole turn must pass without news of that.
    const ready = this.#streams > 0 || !this.isUsed;
    const wasUsed = this.isUsed;
    this.isUsed = true;
    this.#streams += 1;
    this.#life.carried += 1;
    const stream = this.#spare.pop() ?? new UpstreamStream(this);
    return stream.begin(user, http2.open(stream), ready, wasUsed);
  }

  /** It stands, and neither side has as many streams as it takes. */
  get #mayOpen(): boolean {
    const { streams } = this.#deps.policy().limits;
    return this.#streams < streams && (this.#link.http2?.room ?? 0) > 0;
  }

  #closeIfDone(): void {
    if (!this.isIdle || this.#hasLeft) return;
    const { tls, wheel } = this.#deps;
    const isSpent = this.#life.isSpentAt(this.#life.carried, wheel.nowMs);
    const isOfUse = !this.#isRetired && !isSpent && !this.endpoint.removed && !tls.isOld(this);
    if (isOfUse) return;
    this.#hasLeft = true;
    this.#isRetired = true;
    if (!this.#link.stands) return this.#link.destroy();
    this.#link.http2?.close();
    wheel.arm(this.#timer, FAREWELL_MS);
  }
}

/** Only servers are asked, and what rests is looked at. */
function ignore(): undefined {
  return undefined;
}

/** How many may wait for one before it is known how many it takes. */
function assumedOf({ tls, endpoint }: Pick<Http2LinkDeps, "tls" | "endpoint">): number {
  // Who has chosen HTTP/1.1 will do so again, and then each user needs a connection of his own.
  const isDecliner = tls.mayChoose && (endpoint.agreed ?? "h2") !== "h2";
  return isDecliner ? 1 : STREAMS_ASSUMED;
}
