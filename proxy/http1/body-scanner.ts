import { ChunkScanner } from "./chunk-scanner.ts";
import type { BodyFraming } from "./framing.ts";
import { REFUSED } from "./limits.ts";
import type { Refusal } from "./refusal.ts";

/**
 * Finds the end of a body (RFC 9112 section 6) in bytes that are passed on as they arrived, so that
 * nothing is decoded or copied. One object for each direction of a connection, reused for every
 * body.
 *
 * After scan(), bytes[start, forwardEnd) may be passed on, then `tail`, which is usually "".
 */
export class BodyScanner {
  /** Why scan() returned REFUSED. Only chunked bodies are ever refused. */
  refusal: Refusal | undefined;
  /** How far the bytes of the last call may be passed on as they are. */
  forwardEnd = 0;
  /** What to send when bytes up to forwardEnd are out: the trailers that may pass. */
  tail = "";
  /** The body has ended. "close" and "told" never set it: the connection's end or finish() does. */
  done = true;
  /** Body bytes so far, chunk framing left aside. */
  payloadBytes = 0;

  #framing: BodyFraming = "none";
  #contentLength = 0;
  /** Made for the first chunked body: most connections never see one. */
  #chunks: ChunkScanner | undefined;

  /**
   * Before a new body. The last two only matter for "chunked". `keepTrailers`: false drops them.
   * `tolerated`: the rules that it may break, a set of TOLERATED.
   */
  begin(
    framing: BodyFraming,
    contentLength: number,
    keepTrailers: boolean,
    tolerated: number,
  ): void {
    this.refusal = undefined;
    this.forwardEnd = 0;
    this.tail = "";
    this.payloadBytes = 0;
    this.#framing = framing;
    this.#contentLength = contentLength;
    this.done = framing === "none" || (framing === "length" && contentLength === 0);
    if (framing === "chunked") {
      this.#chunks ??= new ChunkScanner();
      this.#chunks.begin(keepTrailers, tolerated);
    }
  }

  /** Forgets the trailers that it has read. */
  clear(): void {
    this.tail = "";
    this.#chunks?.begin(false, 0);
  }

  /** The body has ended, as whoever brings it says. Nothing is left to be passed on. */
  finish(): void {
    this.forwardEnd = 0;
    this.done = true;
  }

  /**
   * The body has no end of its own, so the end of the connection ends it (RFC 9112 section 6.3).
   */
  get endsWithConnection(): boolean {
    return this.#framing === "close";
  }

  /**
   * Reads the body's bytes in bytes[start, end). Returns the index past the last byte that belongs
   * to this message, which is `end` while it continues, or REFUSED: then nothing more may be passed
   * on.
   */
  scan(bytes: Buffer, start: number, end: number): number {
    switch (this.#framing) {
      case "none":
        return this.#pass(start, start);
      case "length":
        return this.#pass(start, Math.min(end, start + this.#contentLength - this.payloadBytes));
      case "close":
      case "told":
        return this.#pass(start, end);
      case "chunked":
        return this.#scanChunks(this.#chunks as ChunkScanner, bytes, start, end);
    }
  }

  #pass(start: number, end: number): number {
    this.forwardEnd = end;
    this.payloadBytes += end - start;
    this.done ||= this.#framing === "length" && this.payloadBytes === this.#contentLength;
    return end;
  }

  #scanChunks(chunks: ChunkScanner, bytes: Buffer, start: number, end: number): number {
    let at = start;
    do {
      at = chunks.read(bytes, at, end);
      if (at === REFUSED) {
        this.refusal = chunks.refusal;
        this.forwardEnd = start;
        return REFUSED;
      }
      this.payloadBytes += chunks.payloadEnd - chunks.payloadStart;
    } while (at < end && !chunks.isDone);
    this.forwardEnd = chunks.forwardEnd;
    this.tail = chunks.tail;
    this.done = chunks.isDone;
    return at;
  }
}
