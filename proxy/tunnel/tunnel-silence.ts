import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";

/** What counts as silence. */
export type SilenceDeps = {
  readonly wheel: TimerWheel;
  /** Longest time without a byte in either direction. 0: no limit. */
  readonly idleTimeoutMs: number;
  /** So long without a byte, and nothing is under way any more. 0, absent: that is always so. */
  readonly quietMs?: number | undefined;
};

/** One side of a tunnel: a Transport. */
type QuietSide = { readonly blocked: boolean };

/** For how long no byte has passed through a tunnel, and what follows from that. */
export class TunnelSilence implements Expiring {
  readonly #deps: SilenceDeps;
  readonly #client: QuietSide;
  readonly #server: QuietSide;
  readonly #onIdle: () => void;
  readonly #timer = new Timer(this);
  #movedMs: number;

  /** `onIdle`: idleTimeoutMs have passed in silence. */
  constructor(deps: SilenceDeps, client: QuietSide, server: QuietSide, onIdle: () => void) {
    this.#deps = deps;
    this.#client = client;
    this.#server = server;
    this.#onIdle = onIdle;
    this.#movedMs = deps.wheel.nowMs;
    deps.wheel.arm(this.#timer, deps.idleTimeoutMs > 0 ? deps.idleTimeoutMs : Infinity);
  }

  /** A byte has passed. */
  end(): void {
    this.#movedMs = this.#deps.wheel.nowMs;
  }

  /**
   * How much longer it must last until nothing is under way, in ms. 0: it has lasted long enough.
   */
  get quietLeftMs(): number {
    const { wheel, quietMs = 0 } = this.#deps;
    // Bytes that wait for a slow reader are no silence.
    if (this.#client.blocked || this.#server.blocked) return quietMs;
    return Math.max(0, this.#movedMs + quietMs - wheel.nowMs);
  }

  onDeadline(nowMs: number): void {
    const { idleTimeoutMs, wheel } = this.#deps;
    const expiresMs = this.#movedMs + idleTimeoutMs;
    if (nowMs < expiresMs) wheel.armAt(this.#timer, expiresMs);
    else this.#onIdle();
  }

  /** The tunnel is gone. */
  close(): void {
    this.#timer.close();
  }
}
