import type { ByteSource } from "../transport/transport.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import type { ExchangeStream } from "./ports.ts";

type Piece = { readonly head: string; readonly bytes: Buffer };

const NOTHING = Buffer.alloc(0);

/**
 * Stands before a client that may be slow and takes its answer for it, up to a limit: what the
 * client does not take at once waits here, so that whoever answers is done with it. One for each
 * exchange that has ever needed one, reused.
 */
export class AheadStream implements ExchangeStream {
  readonly #budget: BufferBudget;
  #client: ExchangeStream;
  #max = 0;
  readonly #pieces: Piece[] = [];
  /** Bytes in `pieces`. */
  #bytes = 0;
  /** The trailers of an answer that has ended while pieces wait. undefined: it has not. */
  #trailers: string | undefined;

  constructor(client: ExchangeStream, budget: BufferBudget) {
    this.#client = client;
    this.#budget = budget;
  }

  /** An answer to this client begins, of which at most `max` bytes wait here. */
  begin(client: ExchangeStream, max: number): void {
    this.clear();
    this.#client = client;
    this.#max = max;
  }

  /** What waits is forgotten. */
  clear(): void {
    this.#budget.give(this.#bytes);
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.#trailers = undefined;
  }

  /** The answer has ended, and the client has not all of it. */
  get isBehind(): boolean {
    return this.#trailers !== undefined;
  }

  /** No more may come before the client has taken some. */
  get blocked(): boolean {
    return this.#client.blocked && (this.#bytes >= this.#max || this.#isPoor);
  }

  /** The client takes more. true: it has all of an answer that had ended. */
  goOn(): boolean {
    while (this.#pieces.length > 0 && !this.#client.blocked) {
      const { head, bytes } = this.#pieces.shift() as Piece;
      this.#bytes -= bytes.length;
      this.#budget.give(bytes.length);
      this.#pass(head, bytes);
    }
    const trailers = this.#trailers;
    if (trailers === undefined || this.#pieces.length > 0) return false;
    this.#trailers = undefined;
    this.#client.finish(trailers);
    return true;
  }

  send(head: string, body: string): void {
    if (!this.#waits) return this.#client.send(head, body);
    return this.#push(head, body === "" ? NOTHING : Buffer.from(body, "latin1"));
  }

  relay(_source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    // The source goes on reading, over what it has read.
    const copy = Buffer.from(bytes.subarray(start, end));
    if (this.#waits) this.#push(head, copy);
    else this.#pass(head, copy);
  }

  finish(trailers: string): void {
    if (this.#pieces.length === 0) this.#client.finish(trailers);
    else this.#trailers = trailers;
  }

  pause(): void {
    this.#client.pause();
  }

  resume(): void {
    this.#client.resume();
  }

  /** Pieces are nobody else's. */
  keep(bytes: Buffer, start: number, end: number): Buffer {
    return bytes.subarray(start, end);
  }

  releaseBuffer(): void {
    // As above.
  }

  get #waits(): boolean {
    return this.#client.blocked || this.#pieces.length > 0;
  }

  /** All exchanges together have no room for another read. */
  get #isPoor(): boolean {
    return !this.#budget.hasRoom;
  }

  #push(head: string, bytes: Buffer): void {
    this.#pieces.push({ head, bytes });
    this.#bytes += bytes.length;
    this.#budget.use(bytes.length);
  }

  #pass(head: string, bytes: Buffer): void {
    if (bytes.length === 0) this.#client.send(head, "");
    else this.#client.relay(this, head, bytes, 0, bytes.length);
  }
}
