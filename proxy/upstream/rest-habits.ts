/**
 * An endpoint that ends or misuses connections does so right behind an answer, if anywhere: how
 * long one must have been quiet, while nothing is known of the endpoint's habits.
 */
const QUIET_REST_MS = 20;
/** After so many such rests in a row, a connection may go straight from exchange to exchange. */
const QUIET_RESTS = 4;
/** How long an endpoint that sent what nobody asked for gets a new connection for each exchange. */
const SUSPECT_MS = 60_000;

/** What an endpoint does with connections that rest, as far as that was seen. */
export class RestHabits {
  #quietRests = 0;
  #suspectUntilMs = -Infinity;

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

  /** A connection has rested for that long, and nothing came. */
  wasQuiet(): void {
    this.#quietRests += 1;
  }

  /** The endpoint has closed one after `restMs`. */
  wasClosed(restMs: number): void {
    if (restMs < QUIET_REST_MS) this.#quietRests = 0;
  }

  /** Bytes came that answer nothing. `nowMs`: monotonic. */
  spoke(nowMs: number): void {
    this.#quietRests = 0;
    this.#suspectUntilMs = nowMs + SUSPECT_MS;
  }
}
