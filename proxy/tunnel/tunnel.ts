import type { TimerWheel } from "../base/timer-wheel.ts";
import type { TunnelOutcome } from "../metrics/stats.ts";
import type { TunnelRecord } from "../metrics/tunnel-record.ts";
import type { Transport } from "../transport/transport.ts";
import type { UpstreamUser } from "../upstream/upstream-connection.ts";
import type { CloseCode } from "./close-frame.ts";
import type { GivenTunnel, HandedTunnel } from "./handed-tunnel.ts";
import { TunnelClose } from "./tunnel-close.ts";
import type { OpenTunnel, TunnelClient, TunnelPool, TunnelUpstream } from "./tunnel-ends.ts";
import type { TunnelFrames } from "./tunnel-frames.ts";
import { PassedBytes } from "./passed-bytes.ts";
import { TunnelSilence } from "./tunnel-silence.ts";
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
  /**
   * Without frames nobody knows where a message ends. Silence of this length counts as the end of
   * one; 0 and absence: any moment does.
   */
  readonly quietMs?: number | undefined;
  /** What has passed already, from the client and to it. Absent: nothing. */
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
};

/**
 * An upgraded connection: bytes in both directions, with back-pressure, and each side's end passed
 * to the other. It knows where the messages of a WebSocket end, so that `close` cuts none. Ends
 * when both sides have ended, when one breaks, or after idleTimeoutMs of silence.
 */
export class Tunnel implements OpenTunnel, UpstreamUser {
  readonly kind = "tunnel";
  readonly pool: TunnelPool;
  readonly sinceMs: number;
  readonly #deps: TunnelDeps;
  readonly #client: Transport;
  readonly #upstream: Transport;
  readonly #silence: TunnelSilence;
  #close: TunnelClose | undefined;
  /** Why it ends. undefined: nothing has gone wrong, and nobody has asked for it. */
  #outcome: TunnelOutcome | undefined;
  #open = 2;
  readonly #passed: PassedBytes;
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
    this.#passed = new PassedBytes(deps);
    deps.connection.becomeTunnel(this);
    this.pool.counters.tunnelsOpen += 1;
    this.#client.keepAlive(KEEP_ALIVE_MS);
    this.#upstream.keepAlive(KEEP_ALIVE_MS);
    this.#silence = new TunnelSilence(deps, this.#client, this.#upstream, () => this.#expire());
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
    this.#silence.end();
    this.#passToUpstream(bytes, end);
  }

  onEnd(): void {
    if (!passEnd(this.#client, this.#upstream, this.#deps.frames)) this.#outcome ??= "client";
  }

  onFlushed(): void {
    this.#silence.end();
    if (this.#leaving) this.#deps.client.offer();
    else this.#upstream.resume();
  }

  onClose(error: Error | undefined): void {
    if (error !== undefined) this.#outcome ??= "client";
    endOther(this.#upstream, error, this.#deps.frames);
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
    this.#silence.end();
    this.#passToClient(bytes, end);
  }

  onUpstreamEnd(): void {
    if (!passEnd(this.#upstream, this.#client, this.#deps.frames)) this.#outcome ??= "endpoint";
  }

  onUpstreamFlushed(): void {
    this.#silence.end();
    if (this.#leaving) this.#deps.client.offer();
    else this.#client.resume();
  }

  onUpstreamClosed(error: Error | undefined): void {
    if (error !== undefined) this.#outcome ??= "endpoint";
    endOther(this.#client, error, this.#deps.frames);
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
    const about = aboutOf(this.#deps, this.#passed);
    return { client: fromClient, upstream: fromUpstream, peer: client.peer, about };
  }

  get staysHere(): boolean {
    return this.#client.staysHere || this.#upstream.staysHere;
  }

  get closing(): boolean {
    return this.#close !== undefined;
  }

  get isBetweenMessages(): boolean {
    if (this.#close !== undefined) return !this.#close.waitsForMessage;
    return this.#deps.frames?.clientIsBetweenMessages ?? this.#silence.quietLeftMs === 0;
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

  #expire(): void {
    this.#outcome ??= "idle";
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #passToUpstream(bytes: Buffer, end: number): void {
    const messageEnd = this.#deps.frames?.client.scan(bytes, 0, end) ?? NO_END;
    const passed = this.#close?.fromClient(end, messageEnd) ?? end;
    this.#passed.fromClient(passed);
    if (passed > 0) relay(this.#client, this.#upstream, bytes, passed);
    this.#close?.settle();
  }

  #passToClient(bytes: Buffer, end: number): void {
    const messageEnd = this.#deps.frames?.server.scan(bytes, 0, end) ?? NO_END;
    const passed = this.#close?.fromServer(end, messageEnd) ?? end;
    this.#passed.toClient(passed);
    if (passed > 0) relay(this.#upstream, this.#client, bytes, passed);
    this.#close?.settle();
  }

  #closeWith(code: CloseCode): TunnelClose {
    const { frames, wheel } = this.#deps;
    this.#outcome ??= code === 1008 ? "denied" : "closed";
    const sides = { client: this.#client, server: this.#upstream };
    return new TunnelClose(code, { ...sides, frames, wheel, silence: this.#silence });
  }

  /** It does not move to another worker after all. */
  #stay(): void {
    this.#leaving = false;
    if (!this.#upstream.blocked) this.#client.resume();
    if (!this.#client.blocked) this.#upstream.resume();
  }

  #closed(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    countEnd(this.#deps, this.#passed, this.#outcome);
    this.#leave();
  }

  /** The tunnel is no longer here. */
  #leave(): void {
    this.#open = 0;
    this.#silence.close();
    this.#close?.release();
    this.pool.counters.tunnelsOpen -= 1;
  }
}

/** Passes bytes[0, end) on; a fast sender waits for a slow reader. */
function relay(from: Transport, to: Transport, bytes: Buffer, end: number): void {
  to.relay(from, "", bytes, 0, end);
  if (to.blocked) from.pause();
}

/**
 * An end that anybody may have made must not pass for the peer's; a WebSocket has its own. Returns
 * whether it was passed on as one.
 */
function passEnd(from: Transport, to: Transport, frames: TunnelFrames | undefined): boolean {
  const isEnd = from.endIsProven || frames !== undefined;
  if (isEnd) to.end();
  else to.reset();
  return isEnd;
}

/**
 * One side is gone: after an error the other one goes at once, otherwise once it has what is on its
 * way. Where no frame says that something is missing, a reset does.
 */
function endOther(
  other: Transport,
  error: Error | undefined,
  frames: TunnelFrames | undefined,
): void {
  if (error === undefined) other.end();
  else if (frames === undefined) other.reset();
  else other.destroy();
}

/** `outcome` undefined: nothing has gone wrong. */
function countEnd(deps: TunnelDeps, passed: PassedBytes, outcome: TunnelOutcome = "ok"): void {
  const { pool, client, connection, wheel, sinceMs } = deps;
  const durationMs = Math.max(0, wheel.nowMs - sinceMs);
  pool.counters.tunnels.ended(outcome, durationMs);
  pool.witness.tunnels?.tunnelEnded({
    protocol: protocolOf(deps),
    client: client.peer.address,
    service: pool.service,
    version: pool.version,
    endpoint: connection.endpoint.address,
    outcome,
    durationMs,
    bytesIn: passed.bytesIn,
    bytesOut: passed.bytesOut,
  });
}

/** Only what was never HTTP has no other sign of an end than silence. */
function protocolOf({ frames, quietMs }: TunnelDeps): TunnelRecord["protocol"] {
  if (frames !== undefined) return "websocket";
  return quietMs === undefined ? "upgraded" : "tcp";
}

function aboutOf(deps: TunnelDeps, { bytesIn, bytesOut }: PassedBytes): HandedTunnel {
  const { connection, pool, wheel, idleTimeoutMs, sinceMs, frames, quietMs } = deps;
  const { service, version } = pool;
  const ageMs = Math.max(0, wheel.nowMs - sinceMs);
  const endpoint = connection.endpoint.address;
  const about = { service, version, endpoint, idleTimeoutMs, ageMs, quietMs, bytesIn, bytesOut };
  return { ...about, frames: frames?.toJSON() };
}
