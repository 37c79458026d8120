import type { Clock } from "../base/clock.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { AnsweredBy, ExchangeTrace } from "./witness.ts";

/** What there is to say of an exchange once it is over: see EndedExchange. Reused with it. */
export class AnswerNote {
  by: AnsweredBy = "nobody";
  why = "";
  bodyBytes = 0;
  beganMs = 0;
  tries = 0;
  endpoint: Endpoint | undefined;
  /** undefined: nobody traces. */
  trace: ExchangeTrace | undefined;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Before a new answer. */
  clear(): void {
    this.by = "nobody";
    this.why = "";
    this.bodyBytes = 0;
    this.beganMs = 0;
    this.tries = 0;
    this.endpoint = undefined;
    this.trace = undefined;
  }

  /** A migration or drain has ended it: that says nothing of the version. */
  get isTakenAway(): boolean {
    return this.why === "taken-away";
  }

  /** It has begun, and more of it is to come. */
  began(): void {
    this.beganMs = this.#clock.nowMs();
  }

  /** The client is gone, if not because of something that was wrong before. */
  left(): void {
    if (this.why === "") this.why = "client-left";
  }
}
