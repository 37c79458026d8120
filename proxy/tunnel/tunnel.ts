import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Transport } from "../transport/transport.ts";
import type { UpstreamUser } from "../upstream/upstream-connection.ts";
import type { CloseCode } from "./close-frame.ts";
import type { GivenTunnel, HandedTunnel } from "./handed-tunnel.ts";
import { TunnelClose } from "./tunnel-close.ts";
import type { OpenTunnel, TunnelClient, TunnelPool, TunnelUpstream } from "./tunnel-ends.ts";
import type { TunnelFrames } from "./tunnel-frames.ts";
import { NO_END } from "./websocket-frames.ts";

/** TCP keep-alive of tunnels: a peer that vanished without FIN is noticed within minutes. */
const KEEP_ALIVE_MS = 60_000;

/** The two connections of a tunnel, and who counts it. */
export type TunnelDeps = {
  readonly client: TunnelClient;
  readonly connection: TunnelUpstream;
  readonly pool: TunnelPool;
  readonly wheel: TimerWheel;
  /** Longest time without a byte in either direction. 0: no limit. */
  readonly idleTimeoutMs: number;
  /**
   * When its request arrived, in the wheel's monotonic milliseconds, in whichever worker that was.
   */
  readonly sinceMs: number;
  /** Where both directions of a WebSocket stand. undefined: another protocol. */
  readonly frames: TunnelFrames | undefined;
};

/**
 * An upgraded connection: bytes in both directions, with back-pressure, and each side's end passed
 * to the other. It knows where the messages of a WebSocket end, so that `close` cuts none. Ends
 * when both sides have ended, when one breaks, or after idleTimeoutMs of silence.
 */
export class Tunnel implements OpenTunnel, UpstreamUser, Expiring {
  readonly kind = "tunnel";
  readonly pool: TunnelPool;
  readonly sinceMs: number;
  readonly #deps: TunnelDeps;
  readonly #client: Transport;
  readonly #upstream: Transport;
  readonly #timer = new Timer(this);
  #close: TunnelClose | undefined;
  #movedMs = 0;
  #open = 2;
  /**
   * A side that was paused for a slow reader stays paused for a moment, to move to another worker.
   */
  #leaving = false;

  /** Both connections are established; next the tunnel takes over the client's. */
  constructor(deps: TunnelDeps) {
    this.#deps = deps;
    this.pool = deps.pool;
    this.sinceMs = deps.sinceMs;
    this.#client = deps.client.transport;
    this.#upstream = deps.connection.transport;
    deps.connection.becomeTunnel(this);
    this.pool.counters.tunnelsOpen += 1;
    this.#client.keepAlive(KEEP_ALIVE_MS);
    this.#upstream.keepAlive(KEEP_ALIVE_MS);
    this.#moved();
    deps.wheel.arm(this.#timer, deps.idleTimeoutMs > 0 ? deps.idleTimeoutMs : Infinity);
  }

  /** The tunnel has the client's connection: passes on what was already read from both. */
  begin(fromClient: Buffer | undefined, fromUpstream: Buffer): void {
    if (fromUpstream.length > 0) this.#passToClient(fromUpstream, fromUpstream.length);
    if (fromClient !== undefined) this.#passToUpstream(fromClient, fromClient.length);
    // An end that came before the 101 is not reported again.
    if (this.#client.ended) this.onEnd();
    else this.#client.resume();
  }

  onConnect(): void {
    // Both connections are established from the beginning.
  }

  onData(bytes: Buffer, end: number): void {
    this.#moved();
    this.#passToUpstream(bytes, end);
  }

  onEnd(): void {
    passEnd(this.#client, this.#upstream, this.#deps.frames);
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
    passEnd(this.#upstream, this.#client, this.#deps.frames);
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

  giveAway(): GivenTunnel | undefined {
    const { client, connection } = this.#deps;
    if (this.closing || this.staysHere) return undefined;
    if (!this.#client.whole || !this.#upstream.whole) return undefined;
    this.#client.flush();
    this.#upstream.flush();
    if (!this.#client.detachable || !this.#upstream.detachable) {
      // A side that still waits may be waiting for the other: then both must continue.
      if (this.#leaving) this.#stay();
      else this.#leaving = true;
      return undefined;
    }
    const fromUpstream = connection.giveAway();
    const fromClient = this.#client.detach();
    client.tunnelEnded();
    this.#leave();
    return {
      client: fromClient,
      upstream: fromUpstream,
      peer: client.peer,
      about: aboutOf(this.#deps),
    };
  }

  get staysHere(): boolean {
    return this.#client.staysHere || this.#upstream.staysHere;
  }

  get closing(): boolean {
    return this.#close !== undefined;
  }

  get isBetweenMessages(): boolean {
    if (this.#close !== undefined) return !this.#close.waitsForMessage;
    return this.#deps.frames?.clientIsBetweenMessages ?? true;
  }

  get gone(): boolean {
    return this.#open === 0;
  }

  close(code: CloseCode): void {
    if (this.closing || this.gone) return;
    this.#close = this.#closeWith(code);
    if (this.#leaving) this.#stay();
    this.#close.begin();
  }

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

  /** It does not move to another worker after all. */
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
    this.pool.counters.tunnelsOpen -= 1;
  }
}

/** Passes bytes[0, end) on; a fast sender waits for a slow reader. */
function relay(from: Transport, to: Transport, bytes: Buffer, end: number): void {
  to.relay(from, "", bytes, 0, end);
  if (to.blocked) from.pause();
}

/** An end that anybody may have made must not pass for the peer's; a WebSocket has its own. */
function passEnd(from: Transport, to: Transport, frames: TunnelFrames | undefined): void {
  if (from.endIsProven || frames !== undefined) to.end();
  else to.reset();
}

/**
 * One side is gone: after an error the other one goes at once, otherwise once it has what is on its
 * way.
 */
function endOther(other: Transport, error: Error | undefined): void {
  if (error === undefined) other.end();
  else other.destroy();
}

function aboutOf(deps: TunnelDeps): HandedTunnel {
  const { connection, pool, wheel, idleTimeoutMs, sinceMs, frames } = deps;
  const { service, version } = pool;
  const ageMs = Math.max(0, wheel.nowMs - sinceMs);
  const endpoint = connection.endpoint.address;
  return { service, version, endpoint, idleTimeoutMs, ageMs, frames: frames?.toJSON() };
}
