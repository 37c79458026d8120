import type { ReadBuffers } from "../transport/read-buffers.ts";
import { isLocalFault } from "../base/local-faults.ts";
import type { LocalFaults } from "../base/local-faults.ts";
import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import { acceptTransport, connectTransport } from "../transport/open-transport.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Why there is no connection. local: a fault of our own. queueFull: the queue of a Unix socket had
 * no room all the time, for which TCP would have waited.
 */
export type ConnectFailure = "refused" | "timeout" | "unreachable" | "local" | "queueFull";

/** Who uses a connection: an exchange, then perhaps a tunnel. */
export interface UpstreamUser {
  /** The connection that the user waited for is established and belongs to it. */
  onUpstreamReady(connection: UpstreamConnection): void;
  /** There is no connection for the user that waited. No endpoint: there is none any more. */
  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void;
  onUpstreamData(bytes: Buffer, end: number): void;
  onUpstreamEnd(): void;
  onUpstreamFlushed(): void;
  /** The connection is gone while this user had it. */
  onUpstreamClosed(error: Error | undefined): void;
}

/** What the pool wants to know of its connections. */
export interface ConnectionOwner {
  onConnectionReady(connection: UpstreamConnection): void;
  /** `user`: who had it, and hears of it next. undefined: nobody. */
  onConnectionGone(connection: UpstreamConnection, user: UpstreamUser | undefined): void;
}

type ConnectionDeps = {
  readonly endpoint: Endpoint;
  readonly owner: ConnectionOwner;
  readonly buffers: ReadBuffers;
  readonly wheel: TimerWheel;
  readonly faults: LocalFaults;
  readonly connectTimeoutMs: number;
  /** An established connection that another worker gave away. Absent: a new one is made. */
  readonly handle?: ConnectionHandle;
};

/**
 * One connection to an endpoint: connecting, then in turn idle and used by one exchange at a time.
 * If bytes arrive on an idle connection they answer nothing (RFC 9112 9.2), and it is destroyed.
 */
export class UpstreamConnection implements TransportHandler, Expiring {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  /**
   * Who has it. A connection counts as its endpoint's work from the moment it is made; whoever
   * takes over one that was given away sets itself here at once.
   */
  user: UpstreamUser | undefined;
  /** Connected. */
  ready = false;
  /** How long it may rest between exchanges, known from its first answer. 0: not at all. */
  idleMs = 0;
  /** It has carried an exchange before this one, so its end may be the peer's idle timeout. */
  reused = false;
  readonly #owner: ConnectionOwner;
  readonly #wheel: TimerWheel;
  readonly #faults: LocalFaults;
  readonly #timer = new Timer(this);
  #timedOut = false;

  constructor(deps: ConnectionDeps, user: UpstreamUser | undefined) {
    this.endpoint = deps.endpoint;
    this.user = user;
    this.#owner = deps.owner;
    this.#wheel = deps.wheel;
    this.#faults = deps.faults;
    const { handle, buffers, endpoint, connectTimeoutMs } = deps;
    this.ready = handle !== undefined;
    endpoint.inFlight += 1;
    this.transport =
      handle === undefined
        ? connectTransport(endpoint.target, buffers, this)
        : acceptTransport(handle, buffers, this);
    if (!this.ready && connectTimeoutMs > 0) this.#wheel.arm(this.#timer, connectTimeoutMs);
  }

  /** It can become the end of a tunnel. */
  get tunnelEnd(): this {
    return this;
  }

  /** Waits without a user for at most `idleMs`. */
  rest(): void {
    this.free();
    this.reused = true;
    this.#wheel.arm(this.#timer, this.idleMs);
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
    this.#owner.onConnectionGone(this, this.free());
    return handle;
  }

  /** Gives a connection that rests to a user. */
  attach(user: UpstreamUser): this {
    this.user = user;
    this.endpoint.inFlight += 1;
    this.#timer.disarm();
    return this;
  }

  onConnect(): void {
    this.ready = true;
    this.#timer.disarm();
    this.#owner.onConnectionReady(this);
  }

  onData(bytes: Buffer, end: number): void {
    if (this.user === undefined) this.transport.destroy();
    else this.user.onUpstreamData(bytes, end);
  }

  onEnd(): void {
    if (this.user === undefined) this.transport.destroy();
    else this.user.onUpstreamEnd();
  }

  onFlushed(): void {
    this.user?.onUpstreamFlushed();
  }

  onClose(error: Error | undefined): void {
    const user = this.free();
    this.#timer.close();
    this.#owner.onConnectionGone(this, user);
    if (user === undefined) return;
    if (this.ready) user.onUpstreamClosed(error);
    else user.onUpstreamFailed(this.#failureOf(error), this.endpoint);
  }

  /** Connecting took too long, or nobody wanted it for too long. */
  onDeadline(): void {
    this.#timedOut = !this.ready;
    this.transport.destroy();
  }

  #failureOf(error: NodeJS.ErrnoException | undefined): ConnectFailure {
    const code = error?.code;
    const isQueueFull = code === "EAGAIN";
    if (code !== undefined && (isQueueFull || isLocalFault(code))) {
      this.#faults.add(code, "connect", this.endpoint.address);
      return isQueueFull ? "queueFull" : "local";
    }
    if (this.#timedOut) return "timeout";
    if (code === "ETIMEDOUT") return "timeout";
    return code === "ECONNREFUSED" || code === "ENOENT" ? "refused" : "unreachable";
  }
}
