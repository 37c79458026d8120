import { endOfCall, grpcEnd } from "../exchange/grpc-answer.ts";
import { MessageEnds } from "../grpc/message-ends.ts";

const { status, text } = endOfCall("taken-away");

/** The end of a call that has to go on elsewhere: field lines of trailers. */
export const END_OF_LEFT_CALL = grpcEnd(status, text);

/**
 * The answer to a call of gRPC as those see it that end long ones: which may only be between two
 * messages. One object for each StreamResponses, reused.
 */
export class CallAnswer {
  /** It is the answer to a call. */
  isCall = false;
  /** It was asked to end. */
  closing = false;
  /** It ends here: nothing more may follow but its trailers. */
  isOver = false;
  readonly #messages = new MessageEnds();

  /** Before an answer of which nothing is known. */
  reset(): void {
    this.isCall = false;
    this.closing = false;
    this.isOver = false;
    this.#messages.reset();
  }

  /** It may be one of many messages: the only one of another call is not split from its end. */
  get isStream(): boolean {
    return this.isCall && (this.#messages.count > 0 || this.#messages.isBetween);
  }

  /** It could end now. */
  get isBetweenMessages(): boolean {
    return this.#messages.isBetween;
  }

  /** bytes[start, end) of it are about to go out. Returns up to where they may. */
  pass(bytes: Uint8Array, start: number, end: number): number {
    if (this.isOver) return start;
    const last = this.#messages.pass(bytes, start, end);
    if (!this.closing || last === -1) return end;
    this.isOver = true;
    return last;
  }
}
