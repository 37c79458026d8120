/**
 * An endpoint that ends or misuses connections does so right behind an answer, if anywhere: how
 * long one must have been quiet, while nothing is known of the endpoint's habits.
 */
const QUIET_REST_MS = 20;
/** After so many such rests in a row, a connection may go straight from exchange to exchange. */
const QUIET_RESTS = 4;
/** How long an endpoint that sent what nobody asked for gets a new connection for each exchange. */
const SUSPECT_MS = 60_000;

/** The part of the shortest rest that it has ended that is still used: the others are for wires. */
const LEARNT_SHARE = 0.75;
/**
 * Less than this is not learnt: a connection in steady use never rests for that long, and an
 * endpoint that restarts also closes those that have hardly rested.
 */
const LEARNT_MIN_MS = 250;
/** In so long what was learnt counts twice as long, in case the endpoint has become another. */
const LEARNT_DOUBLES_MS = 600_000;

/** What an endpoint does with connections that rest, as far as that was seen. */
export class RestHabits {
  #quietRests = 0;
  #suspectUntilMs = -Infinity;
  /** The longest rest at the time when that was learnt. Infinity: nothing is known. */
  #learntMs = Infinity;
  #learntAtMs = 0;

  /**
   * How long a connection must have rested before it is used again, in ms. 0: a look at what the
   * kernel has is enough.
   */
  get restMinMs(): number {
    return this.#quietRests >= QUIET_RESTS ? 0 : QUIET_REST_MS;
  }

  /**
   * It has sent what nobody asked for, not long ago, and may do so again at any moment: its
   * connections must not be used again. `nowMs`: monotonic.
   */
  isSuspect(nowMs: number): boolean {
    return nowMs < this.#suspectUntilMs;
  }

  /**
   * How long a connection may rest, as it closes those that rest for longer. Infinity: it was never
   * seen to. `nowMs`: monotonic.
   */
  idleMaxMs(nowMs: number): number {
    if (this.#learntMs === Infinity) return Infinity;
    return this.#learntMs * 2 ** ((nowMs - this.#learntAtMs) / LEARNT_DOUBLES_MS);
  }

  /** A connection has rested for restMinMs, and nothing came. */
  wasQuiet(): void {
    this.#quietRests += 1;
  }

  /**
   * The endpoint has closed one after `restMs`. That soon after an answer it is not for the rest.
   * `nowMs`: monotonic.
   */
  wasClosed(restMs: number, nowMs: number): void {
    if (restMs < QUIET_REST_MS) {
      this.#quietRests = 0;
      return;
    }
    const learntMs = Math.max(LEARNT_MIN_MS, restMs * LEARNT_SHARE);
    if (learntMs > this.idleMaxMs(nowMs)) return;
    this.#learntMs = learntMs;
    this.#learntAtMs = nowMs;
  }

  /** Bytes came that answer nothing. `nowMs`: monotonic. */
  spoke(nowMs: number): void {
    this.#quietRests = 0;
    this.#suspectUntilMs = nowMs + SUSPECT_MS;
  }
}
