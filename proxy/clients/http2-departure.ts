import type { Http2Connection } from "../http2/connection.ts";

/**
 * How long a client that was asked to leave may still send requests which it sent before it knew:
 * a round trip, for one that does not answer our PING.
 */
const LEAVE_MS = 1_000;

/**
 * How long new requests may wait so that those under way end and the connection can go to another
 * worker: most requests take less, and the new ones notice no more than a slow answer.
 */
export const HOLD_MS = 250;

/**
 * How long a connection may look for a moment between two streams before its client is asked to
 * leave: many requests that take long take less, and nobody waits meanwhile.
 */
const PATIENCE_MS = 5_000;

/**
 * How a client's HTTP/2 connection leaves: its client is asked for no more requests and told later
 * which was the last (RFC 9113 section 6.8), or another worker goes on with it, between two
 * streams, for which new ones may have to wait.
 */
export class Http2Departure {
  readonly #codec: Http2Connection;
  /** When the client was asked to leave, in monotonic milliseconds. 0: it was not. */
  #askedMs = 0;
  #isHolding = false;
  #hasHeld = false;
  /** When it was first to move, in monotonic milliseconds. 0: it was not yet. */
  #soughtMs = 0;

  constructor(codec: Http2Connection) {
    this.#codec = codec;
  }

  /** The client was asked to leave. */
  get isAsked(): boolean {
    return this.#askedMs > 0;
  }

  /** New streams wait. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** The client is asked for no more requests; those that wait are taken. */
  ask(nowMs: number): void {
    if (this.isAsked || this.#codec.lost) return;
    this.#askedMs = nowMs;
    this.release();
    this.#codec.leave();
  }

  /** It has had its time to hear of that. */
  isDue(nowMs: number): boolean {
    return this.isAsked && nowMs - this.#askedMs >= LEAVE_MS;
  }

  /** It is to move and cannot, for so long that its client has to leave. */
  isHopeless(nowMs: number): boolean {
    if (this.#soughtMs === 0) this.#soughtMs = nowMs;
    return nowMs - this.#soughtMs >= PATIENCE_MS;
  }

  /**
   * Lets new streams wait from now on, which is done only once. The caller sees to it that they do
   * so for HOLD_MS at most. false: it was done.
   */
  hold(): boolean {
    if (this.#hasHeld) return false;
    this.#hasHeld = true;
    this.#isHolding = true;
    this.#codec.holdStreams();
    return true;
  }

  /** Takes the streams that wait. */
  release(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.#codec.releaseStreams();
  }
}
