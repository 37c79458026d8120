import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import type { CloseCode } from "./close-frame.ts";
import type { Peer } from "../transport/peer.ts";
import type { HandedTunnel } from "./handed-tunnel.ts";
import { TunnelClose } from "./tunnel-close.ts";
import { TunnelFrames } from "./tunnel-frames.ts";
import { NO_END } from "./websocket-frames.ts";
import type { UpstreamConnection, UpstreamUser } from "../upstream/upstream-connection.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import type { ClientConnection } from "../clients/client-connection.ts";

/** TCP keep-alive of tunnels: a peer that vanished without FIN is noticed within minutes. */
const KEEP_ALIVE_MS = 60_000;

/** The two connections of a tunnel, and who counts it. */
export type TunnelDeps = {
  readonly client: ClientConnection;
  readonly connection: UpstreamConnection;
  readonly pool: VersionPool;
  readonly wheel: TimerWheel;
  /** Longest time without a byte either way. 0: no limit. */
  readonly idleTimeoutMs: number;
  /** When its request came, in the wheel's monotonic milliseconds, in whatever worker that was. */
  readonly sinceMs: number;
  /** Where both directions of a WebSocket stand. undefined: another protocol. */
  readonly frames: TunnelFrames | undefined;
};

/** A tunnel that comes from another worker: its upstream side. */
export type AdoptedTunnel = {
  readonly pool: VersionPool;
  readonly handle: ConnectionHandle;
  readonly about: HandedTunnel;
};

/** A tunnel that leaves this worker. */
export type GivenTunnel = {
  readonly client: ConnectionHandle | undefined;
  readonly upstream: ConnectionHandle | undefined;
  readonly peer: Peer;
  readonly about: HandedTunnel;
};

/**
 * An upgraded connection: bytes both ways, with back-pressure, each side's end passed to the other.
 * Of a WebSocket it is known where its messages end, so that `close` cuts none. Ends when both
 * sides have ended, when one breaks, or after idleTimeoutMs of silence.
 */
export class Tunnel implements TransportHandler, UpstreamUser, Expiring {
  readonly kind = "tunnel";
  readonly #deps: TunnelDeps;
  readonly #client: Transport;
  readonly #upstream: Transport;
  readonly #timer = new Timer(this);
  #close: TunnelClose | undefined;
  #movedMs = 0;
  #open = 2;
  /** A side that was stopped for a slow reader stays so for a moment, to go to another worker. */
  #leaving = false;

  /** Goes on with a tunnel that another worker gave away. */
  static adopt(client: ClientConnection, given: AdoptedTunnel, wheel: TimerWheel): void {
    const { pool, handle, about } = given;
    const { idleTimeoutMs } = about;
    const sinceMs = wheel.nowMs - about.ageMs;
    const frames = about.frames && TunnelFrames.from(about.frames);
    const connection = pool.adopt(handle, about.endpoint);
    pool.inFlight += 1;
    const tunnel = new Tunnel({ client, connection, pool, wheel, idleTimeoutMs, sinceMs, frames });
    client.becomeTunnel(tunnel);
  }

  /** Takes both connections over; `bytes[start, end)` came behind the upstream's 101. */
  static open(deps: TunnelDeps, bytes: Buffer, start: number, end: number): void {
    const tunnel = new Tunnel(deps);
    const fromClient = deps.client.becomeTunnel(tunnel);
    if (end > start) tunnel.#passToClient(bytes.subarray(start, end), end - start);
    if (fromClient !== undefined) tunnel.#passToUpstream(fromClient, fromClient.length);
    // An end that came before the 101 is not told again.
    if (tunnel.#client.ended) tunnel.onEnd();
    else tunnel.#client.resume();
  }

  private constructor(deps: TunnelDeps) {
    this.#deps = deps;
    this.#client = deps.client.transport;
    this.#upstream = deps.connection.transport;
    deps.connection.user = this;
    deps.pool.counters.tunnelsOpen += 1;
    this.#client.keepAlive(KEEP_ALIVE_MS);
    this.#upstream.keepAlive(KEEP_ALIVE_MS);
    this.#moved();
    deps.wheel.arm(this.#timer, deps.idleTimeoutMs > 0 ? deps.idleTimeoutMs : Infinity);
  }

  onConnect(): void {
    // Both connections stand from the beginning.
  }

  onData(bytes: Buffer, end: number): void {
    this.#moved();
    this.#passToUpstream(bytes, end);
  }

  onEnd(): void {
    this.#upstream.end();
  }

  onFlushed(): void {
    this.#moved();
    if (this.#leaving) this.#deps.client.offer();
    else this.#upstream.resume();
  }

  onClose(error: Error | undefined): void {
    endOther(this.#upstream, error);
    this.#deps.client.tunnelEnded();
    this.#closed();
  }

  onUpstreamReady(): void {
    // It was ready before it became a tunnel.
  }

  onUpstreamFailed(): void {
    // As above: it cannot fail to connect.
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    this.#moved();
    this.#passToClient(bytes, end);
  }

  onUpstreamEnd(): void {
    this.#client.end();
  }

  onUpstreamFlushed(): void {
    this.#moved();
    if (this.#leaving) this.#deps.client.offer();
    else this.#client.resume();
  }

  onUpstreamClosed(error: Error | undefined): void {
    endOther(this.#client, error);
    this.#closed();
  }

  /**
   * Gives both connections away. undefined: not now, because bytes wait to be written (the client's
   * connection is offered when they are out; ask again too), or not at all, because one side has
   * ended or the tunnel is being closed.
   */
  giveAway(): GivenTunnel | undefined {
    const { client, connection, pool, idleTimeoutMs, wheel, frames } = this.#deps;
    if (this.closing || !this.#client.whole || !this.#upstream.whole) return undefined;
    this.#client.flush();
    this.#upstream.flush();
    if (!this.#client.detachable || !this.#upstream.detachable) {
      // One that still waits may be waiting for the other: then both have to go on.
      if (this.#leaving) this.#stay();
      else this.#leaving = true;
      return undefined;
    }
    const fromUpstream = connection.giveAway();
    const fromClient = this.#client.detach();
    client.tunnelEnded();
    this.#leave();
    const ageMs = Math.max(0, wheel.nowMs - this.sinceMs);
    const { address } = connection.endpoint;
    const about = { service: pool.service, version: pool.version, endpoint: address };
    return {
      client: fromClient,
      upstream: fromUpstream,
      peer: client.peer,
      about: { ...about, idleTimeoutMs, ageMs, frames: frames?.toJSON() },
    };
  }

  /** What it is a tunnel of. */
  get pool(): VersionPool {
    return this.#deps.pool;
  }

  /** When its request came, in monotonic milliseconds. */
  get sinceMs(): number {
    return this.#deps.sinceMs;
  }

  /** Its end is under way because of `close`. */
  get closing(): boolean {
    return this.#close !== undefined;
  }

  /** `close` would tell the client, or has told it, without waiting for the end of a message. */
  get isBetweenMessages(): boolean {
    if (this.#close !== undefined) return !this.#close.waitsForMessage;
    const { frames } = this.#deps;
    return frames?.valid !== true || frames.closing || frames.server.atMessageBoundary;
  }

  /** Neither side is there any more, or another worker has both. */
  get gone(): boolean {
    return this.#open === 0;
  }

  /** Ends it with all its messages whole: see TunnelClose. Again changes nothing. */
  close(code: CloseCode): void {
    if (this.closing || this.gone) return;
    this.#close = this.#closeWith(code);
    if (this.#leaving) this.#stay();
    this.#close.begin();
  }

  /** Ends it now. */
  cut(code: CloseCode): void {
    if (this.gone) return;
    this.#close ??= this.#closeWith(code);
    this.#close.cut();
  }

  onDeadline(nowMs: number): void {
    const { idleTimeoutMs, wheel } = this.#deps;
    const expiresMs = this.#movedMs + idleTimeoutMs;
    if (nowMs < expiresMs) return wheel.armAt(this.#timer, expiresMs);
    this.#client.destroy();
    return this.#upstream.destroy();
  }

  #passToUpstream(bytes: Buffer, end: number): void {
    const messageEnd = this.#deps.frames?.client.scan(bytes, 0, end) ?? NO_END;
    const passed = this.#close?.fromClient(end, messageEnd) ?? end;
    if (passed > 0) relay(this.#client, this.#upstream, bytes, passed);
    this.#close?.settle();
  }

  #passToClient(bytes: Buffer, end: number): void {
    const messageEnd = this.#deps.frames?.server.scan(bytes, 0, end) ?? NO_END;
    const passed = this.#close?.fromServer(end, messageEnd) ?? end;
    if (passed > 0) relay(this.#upstream, this.#client, bytes, passed);
    this.#close?.settle();
  }

  #closeWith(code: CloseCode): TunnelClose {
    const { frames, wheel } = this.#deps;
    return new TunnelClose(code, { client: this.#client, server: this.#upstream, frames, wheel });
  }

  /** It does not go to another worker after all. */
  #stay(): void {
    this.#leaving = false;
    if (!this.#upstream.blocked) this.#client.resume();
    if (!this.#client.blocked) this.#upstream.resume();
  }

  #moved(): void {
    this.#movedMs = this.#deps.wheel.nowMs;
  }

  #closed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#leave();
  }

  /** The tunnel is no longer here. */
  #leave(): void {
    this.#open = 0;
    this.#timer.close();
    this.#close?.release();
    this.#deps.pool.counters.tunnelsOpen -= 1;
    this.#deps.pool.inFlight -= 1;
  }
}

/** Passes bytes[0, end) on; the one that sends waits for the one that reads slowly. */
function relay(from: Transport, to: Transport, bytes: Buffer, end: number): void {
  to.relay(from, "", bytes, 0, end);
  if (to.blocked) from.pause();
}

/** One side is gone: after an error the other goes at once, else when it has what is on its way. */
function endOther(other: Transport, error: Error | undefined): void {
  if (error === undefined) other.end();
  else other.destroy();
}
