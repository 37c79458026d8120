import { latin1 } from "../base/latin1.ts";
import type { DecodedFields, DecodedResponse } from "../http1/decoded-head.ts";
import { RequestStream } from "../http1/message-stream.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { LocalFaults } from "../base/local-faults.ts";
import type { TurnWatcher, WriteBatch } from "../transport/write-batch.ts";
import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import { acceptTransport } from "../transport/open-transport.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import type { KeepAlive } from "../table/snapshot.ts";
import { connectFailureAt } from "./connect-failure.ts";
import type { ConnectFailure } from "./connect-failure.ts";
import { ConnectionRest } from "./connection-rest.ts";
import type { EndpointTls } from "./endpoint-tls.ts";
import type { Endpoint } from "./endpoint.ts";

/** Where the status is in a status line (RFC 9112 section 4). */
const STATUS_START = "HTTP/1.1 ".length;
const STATUS_END = STATUS_START + 3;

/** What a user gets: a connection, or a stream of one. */
export type UpstreamSlot = {
  readonly endpoint: Endpoint;
  readonly ready: boolean;
  readonly reused: boolean;
  readonly gone: boolean;
};

/** Who uses a connection: an exchange, then perhaps a tunnel. */
export interface UpstreamUser {
  /** What a new connection for it says before anything else: see ConnectTarget. Absent: nothing. */
  readonly preface?: string | undefined;
  /** What the user waited for is there and belongs to it. */
  onUpstreamReady(slot: UpstreamSlot): void;
  /** There is no connection for the user that waited. No endpoint: there is none any more. */
  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void;
  onUpstreamData(bytes: Buffer, end: number): void;
  onUpstreamEnd(): void;
  onUpstreamFlushed(): void;
  /** The connection is gone while this user had it. */
  onUpstreamClosed(error: Error | undefined): void;
}

/**
 * A user that has messages carried. What comes of one is told as bytes of HTTP/1.1, or as these
 * calls, by an upstream that has decoded it; everything in them is valid only now.
 */
export interface MessageUser extends UpstreamUser {
  /** The head of an interim or final response, or of a 101. `isEnd`: nothing follows it. */
  onUpstreamHead(response: DecodedResponse, isEnd: boolean): void;
  /** bytes[start, end) of the body arrived. */
  onUpstreamBody(bytes: Buffer, start: number, end: number): void;
  /** The response has ended behind its head or body. `trailers`: undefined for none. */
  onUpstreamFinish(trailers: DecodedFields | undefined): void;
}

/** What the pool wants to know of its connections. */
export interface ConnectionOwner {
  /** Endpoints that may get new work. */
  readonly usableCount: number;
  onConnectionReady(connection: UpstreamConnection): void;
  /**
   * It has closed, or serves a tunnel and no exchanges from now on. `user`: who had it, and hears
   * of it next, unless it is stale. undefined: nobody.
   */
  onConnectionGone(connection: UpstreamConnection, user: UpstreamUser | undefined): void;
}

type ConnectionDeps = {
  readonly endpoint: Endpoint;
  readonly owner: ConnectionOwner;
  readonly buffers: ReadBuffers;
  readonly wheel: TimerWheel;
  readonly faults: LocalFaults;
  readonly tls: EndpointTls;
  readonly connectTimeoutMs: number;
  /** An established connection that another worker gave away. Absent: a new one is made. */
  readonly handle?: ConnectionHandle | undefined;
  /** One that stands already, and has carried nothing. */
  readonly transport?: Transport | undefined;
};

/**
 * One connection to an endpoint: connecting, then in turn idle and used by one exchange at a time.
 * If bytes arrive on an idle connection they answer nothing (RFC 9112 9.2), and it is destroyed.
 *
 * Before it serves another exchange it is looked at: a whole turn of the event loop must have
 * passed since it was released in which everything that had arrived was read, and nothing, not even
 * an end, was there. Until its endpoint's habits are known, the look takes a while longer.
 */
export class UpstreamConnection implements TransportHandler, Expiring, TurnWatcher {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  readonly stream: RequestStream;
  readonly madeBy: object;
  /**
   * Who has it. A connection counts as its endpoint's work from the moment it is made; whoever
   * takes over one that was given away sets itself here at once.
   */
  user: UpstreamUser | undefined;
  /** Its user may write. */
  ready = false;
  /** The longest rest, as its first answer said. undefined: it did not. */
  toldIdleMs: number | undefined;
  /** It has carried an exchange before this one, so its end may be the peer's idle timeout. */
  reused = false;
  /** It has a user who has not heard of it, and never will if it is stale: it ends meanwhile. */
  looking = false;
  readonly #owner: ConnectionOwner;
  readonly #wheel: TimerWheel;
  readonly #faults: LocalFaults;
  readonly #turns: WriteBatch;
  readonly #timer = new Timer(this);
  #timedOut = false;
  /** It carries a tunnel, and its owner has forgotten it. */
  #hasTunnel = false;
  #waited = false;
  /** In which turn it was released. */
  #restedTurn = 0;
  readonly #rest: ConnectionRest;

  constructor(deps: ConnectionDeps, user: UpstreamUser | undefined) {
    this.endpoint = deps.endpoint;
    this.user = user;
    this.#owner = deps.owner;
    this.#wheel = deps.wheel;
    this.#faults = deps.faults;
    const { handle, endpoint, connectTimeoutMs } = deps;
    this.#turns = deps.buffers.writes;
    this.#rest = new ConnectionRest(endpoint.habits, deps.wheel.nowMs);
    this.ready = handle !== undefined || deps.transport !== undefined;
    endpoint.inFlight += 1;
    this.madeBy = deps.tls.current;
    this.transport = transportOf(deps, this);
    this.stream = new RequestStream(this.transport);
    if (!this.ready && connectTimeoutMs > 0) this.#wheel.armFromNow(this.#timer, connectTimeoutMs);
  }

  /** It can become the end of a tunnel. */
  get tunnelEnd(): this {
    return this;
  }

  becomeTunnel(tunnel: UpstreamUser): void {
    this.user = tunnel;
    this.#hasTunnel = true;
    this.#owner.onConnectionGone(this, undefined);
  }

  /** It has rested for so short a time that its endpoint does not close it for that. */
  get isRecent(): boolean {
    return this.#rest.isRecent(this.#wheel.readMs());
  }

  /** It is closed, or about to be. */
  get gone(): boolean {
    return this.transport.closed;
  }

  /**
   * Waits without a user for another exchange, after the one that has ended. false: it may not.
   * `keepAlive` undefined: of the same client, as long as that is there.
   */
  rest(keepAlive: KeepAlive | undefined): boolean {
    const idleMs =
      keepAlive === undefined
        ? Infinity
        : this.#rest.allowedMs(keepAlive, this.toldIdleMs, this.#wheel.nowMs);
    if (idleMs === 0 || this.endpoint.removed || !this.transport.whole) return false;
    this.free();
    this.reused = true;
    this.#restedTurn = this.#turns.mark();
    this.#rest.begin(this.#wheel.readMs());
    this.#wheel.arm(this.#timer, idleMs);
    return true;
  }

  /** Detaches its user, if there is one, and returns it. */
  free(): UpstreamUser | undefined {
    const { user } = this;
    if (user !== undefined) this.endpoint.inFlight -= 1;
    this.user = undefined;
    return user;
  }

  /** Takes the connection out of this process, with its user. undefined: not now. */
  giveAway(): ConnectionHandle | undefined {
    const handle = this.transport.detach();
    if (handle === undefined) return undefined;
    this.#timer.close();
    const user = this.free();
    if (!this.#hasTunnel) this.#owner.onConnectionGone(this, user);
    return handle;
  }

  /** Gives a connection that rests to a user, who hears at the end of a turn whether it is fit. */
  attach(user: UpstreamUser): this {
    this.user = user;
    this.ready = false;
    this.looking = true;
    this.#waited = false;
    this.#turns.tell(this);
    this.endpoint.inFlight += 1;
    this.#timer.disarm();
    return this;
  }

  onConnect(): void {
    this.ready = true;
    this.#timer.disarm();
    this.#owner.onConnectionReady(this);
  }

  /** Gives it to its user, unless it has ended or must be looked at for longer. */
  onTurnEnd(): void {
    if (this.transport.closed) return undefined;
    // Its endpoint was taken out meanwhile. If its version has no other, the exchange goes on.
    if (!this.endpoint.isOpen && this.#owner.usableCount > 0) return this.transport.destroy();
    if (this.#restedTurn === this.#turns.turn) return this.#turns.tell(this);
    if (this.#mustWait()) return undefined;
    this.looking = false;
    this.ready = true;
    return this.#owner.onConnectionReady(this);
  }

  onData(bytes: Buffer, end: number): void {
    if (!this.#isAtRest) return this.user?.onUpstreamData(bytes, end);
    // A 408 is how some say that they wait no longer.
    if (end > STATUS_END && latin1(bytes, STATUS_START, STATUS_END) === "408") this.#wasClosed();
    else this.endpoint.habits.spoke(this.#wheel.nowMs);
    return this.transport.destroy();
  }

  onEnd(): void {
    if (!this.#isAtRest) return this.user?.onUpstreamEnd();
    this.#wasClosed();
    return this.transport.destroy();
  }

  onFlushed(): void {
    this.user?.onUpstreamFlushed();
  }

  onClose(error: Error | undefined): void {
    if (this.#isAtRest && error !== undefined) this.#wasClosed();
    const user = this.free();
    this.#timer.close();
    if (!this.#hasTunnel) this.#owner.onConnectionGone(this, user);
    if (this.looking) return;
    if (this.ready) user?.onUpstreamClosed(error);
    else user?.onUpstreamFailed(this.#failureOf(error), this.endpoint);
  }

  /** Connecting took too long, or nobody wanted it for too long. */
  onDeadline(): void {
    this.#timedOut = !this.ready;
    this.transport.destroy();
  }

  /** Nobody may be told of what comes. */
  get #isAtRest(): boolean {
    return this.user === undefined || this.looking;
  }

  /** Whether its endpoint must be watched for longer; then onTurnEnd() is called again. */
  #mustWait(): boolean {
    const { habits } = this.endpoint;
    if (habits.restMinMs === 0) return false;
    const leftMs = this.#waited ? 0 : habits.restMinMs - this.#rest.lastedMs(this.#wheel.readMs());
    this.#waited = leftMs > 0;
    if (this.#waited) this.#turns.tellLater(this, leftMs);
    else habits.wasQuiet();
    return this.#waited;
  }

  /** The endpoint has ended it while it rested. */
  #wasClosed(): void {
    const nowMs = this.#wheel.readMs();
    if (this.reused) this.endpoint.habits.wasClosed(this.#rest.lastedMs(nowMs), nowMs);
  }

  #failureOf(error: NodeJS.ErrnoException | undefined): ConnectFailure {
    const reason = connectFailureAt(error, this.endpoint.address, this.#faults);
    const isOurs = reason === "local" || reason === "queueFull";
    return this.#timedOut && !isOurs ? "timeout" : reason;
  }
}

function transportOf(deps: ConnectionDeps, handler: TransportHandler): Transport {
  const { endpoint, handle, transport, buffers, tls } = deps;
  if (transport !== undefined) {
    transport.handler = handler;
    return transport;
  }
  return handle === undefined
    ? tls.dial(endpoint, handler)
    : acceptTransport(handle, buffers, handler);
}
