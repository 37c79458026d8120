import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";

/**
 * After the last answer: how much of what the client still sends is read, and for how long, so that
 * no reset destroys the answer (RFC 9112 section 9.6).
 */
const LINGER_BYTES_MAX = 64 * 1024;
const LINGER_MS = 2_000;

/** A connection that has had its last answer. */
export type LingerDeps = {
  readonly transport: Transport;
  readonly wheel: TimerWheel;
  /** Called when the connection is gone. */
  readonly onGone: () => void;
};

/**
 * Sends FIN and keeps reading for a while, because a reset would destroy the answer. A client that
 * has not taken the end of its answer yet gets as long as it has for a body.
 */
export class Linger implements TransportHandler, Expiring {
  readonly #transport: Transport;
  readonly #wheel: TimerWheel;
  readonly #onGone: () => void;
  readonly #timer = new Timer(this);
  #bytes = 0;

  /** From now on the transport's handler. */
  constructor({ transport, wheel, onGone }: LingerDeps) {
    this.#transport = transport;
    this.#wheel = wheel;
    this.#onGone = onGone;
    transport.handler = this;
  }

  /**
   * Everything has been written. `stallTimeoutMs`: how long the client may take to read the answer;
   * 0: no limit.
   */
  begin(stallTimeoutMs = LINGER_MS): void {
    const stallMs = stallTimeoutMs > 0 ? stallTimeoutMs : Infinity;
    this.#transport.end();
    this.#wheel.arm(this.#timer, this.#transport.blocked ? stallMs : LINGER_MS);
    if (!this.#transport.ended) this.#transport.resume();
  }

  onConnect(): void {
    // It is established from the beginning.
  }

  onData(_bytes: Buffer, end: number): void {
    this.#bytes += end;
    if (this.#bytes > LINGER_BYTES_MAX) this.#transport.destroy();
  }

  onEnd(): void {
    // The transport closes by itself once our own FIN is out too.
  }

  onFlushed(): void {
    this.#wheel.arm(this.#timer, LINGER_MS);
  }

  onClose(): void {
    this.#timer.close();
    this.#onGone();
  }

  onDeadline(): void {
    this.#transport.destroy();
  }
}
