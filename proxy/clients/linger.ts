import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";

/**
 * After the last answer: how long what the client still sends is read and discarded, so that no
 * reset destroys the answer (RFC 9112 section 9.6). Many clients look for an answer only when they
 * have sent all they had. As nginx has it (lingering_time).
 */
const LINGER_MS_MAX = 30_000;
/** Looked at this often; whoever has sent less than this meanwhile has stopped, or only stays. */
const LINGER_STEP_MS = 2_000;
const LINGER_STEP_BYTES_MIN = 2_048;
/** Above so many lingering connections of a worker, another one gets one step and no more. */
const LINGERING_MAX = 1_024;

/** Where connections that linger are counted. */
export type LingerCount = { lingering: number };

/** A connection that has had its last answer. */
export type LingerDeps = {
  readonly transport: Transport;
  readonly wheel: TimerWheel;
  readonly count: LingerCount;
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
  readonly #count: LingerCount;
  readonly #onGone: () => void;
  readonly #timer = new Timer(this);
  /** When it ends, whatever still comes, in monotonic milliseconds. */
  #untilMs = 0;
  /** Read in this step. */
  #bytes = 0;

  /** From now on the transport's handler. */
  constructor({ transport, wheel, count, onGone }: LingerDeps) {
    this.#transport = transport;
    this.#wheel = wheel;
    this.#count = count;
    this.#onGone = onGone;
    count.lingering += 1;
    transport.handler = this;
  }

  /**
   * Everything has been written. `stallTimeoutMs`: how long the client may take to read the answer;
   * 0: no limit.
   */
  begin(stallTimeoutMs = LINGER_STEP_MS): void {
    const stallMs = stallTimeoutMs > 0 ? stallTimeoutMs : Infinity;
    this.#transport.end();
    if (this.#transport.blocked) this.#wheel.arm(this.#timer, stallMs);
    else this.#drain();
    if (!this.#transport.ended) this.#transport.resume();
  }

  onConnect(): void {
    // It is established from the beginning.
  }

  onData(_bytes: Buffer, end: number): void {
    this.#bytes += end;
  }

  onEnd(): void {
    // The transport closes by itself once our own FIN is out too.
  }

  onFlushed(): void {
    this.#drain();
  }

  onClose(): void {
    this.#timer.close();
    this.#count.lingering -= 1;
    this.#onGone();
  }

  onDeadline(nowMs: number): void {
    const stays = this.#bytes >= LINGER_STEP_BYTES_MIN && nowMs < this.#untilMs;
    if (this.#transport.blocked || !stays) this.#transport.destroy();
    else this.#step();
  }

  /** The client has its answer: what it still sends is for nobody. */
  #drain(): void {
    const isCrowded = this.#count.lingering > LINGERING_MAX;
    this.#untilMs = this.#wheel.nowMs + (isCrowded ? LINGER_STEP_MS : LINGER_MS_MAX);
    this.#step();
  }

  #step(): void {
    this.#bytes = 0;
    this.#wheel.arm(this.#timer, LINGER_STEP_MS);
  }
}
