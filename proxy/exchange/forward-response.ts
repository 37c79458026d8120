import { latin1 } from "../base/latin1.ts";
import type { Transport } from "../transport/transport.ts";
import { BodyScanner } from "../http1/body-scanner.ts";
import { LAST_CHUNK, chunkPrefix } from "../http1/chunk-encoding.ts";
import { ChunkDecoder } from "../http1/chunk-decoder.ts";
import { REFUSED } from "../http1/limits.ts";
import { ResponseHead } from "../http1/response-head.ts";
import type { ResponseRewrite } from "../http1/rewrite-response.ts";

/** Moves a response to the client, body byte for body byte, and knows when it ends. */
export class ResponseForwarder {
  readonly head = new ResponseHead();
  readonly scanner = new BodyScanner();
  readonly #decoder = new ChunkDecoder();
  #framing: ResponseRewrite["framing"] = "as-sent";
  #partialHead: Buffer | undefined;
  #client: Transport | undefined;

  /** Where responses go from now on. undefined: nowhere. */
  setClient(client: Transport | undefined): void {
    this.#client = client;
  }

  /** Before a head. */
  begin(): void {
    this.head.reset();
    this.#partialHead = undefined;
  }

  /** What came of a head before, with the newest piece of it. undefined: nothing came before. */
  join(bytes: Buffer, end: number): Buffer | undefined {
    if (this.#partialHead === undefined) return undefined;
    return Buffer.concat([this.#partialHead, bytes.subarray(0, end)]);
  }

  /** Keeps the beginning of a head until more of it comes. */
  holdHead(bytes: Buffer, start: number, end: number): void {
    this.#partialHead = Buffer.from(bytes.subarray(start, end));
  }

  /** The head is known: how its body ends, and how the client gets it. */
  beginBody(
    requestWasHead: boolean,
    framing: ResponseRewrite["framing"],
    keepTrailers: boolean,
  ): void {
    this.#partialHead = undefined;
    this.#framing = framing;
    const ends = this.head.framingFor(requestWasHead);
    this.scanner.begin(ends, this.head.contentLength, keepTrailers);
    this.#decoder.reset();
  }

  /**
   * Sends `head` ("" when it has gone out) and the body in bytes[start, end). Returns where the
   * response ends in them (`end`: not yet, or just now: see scanner.done), or REFUSED.
   */
  forward(source: Transport, head: string, bytes: Buffer, start: number, end: number): number {
    const scanned = this.scanner.scan(bytes, start, end);
    const client = this.#client;
    if (scanned === REFUSED || client === undefined) return REFUSED;
    const { forwardEnd, tail } = this.scanner;
    if (this.#framing !== "as-sent") {
      client.write(head + this.#reframe(bytes, start, scanned));
      return scanned;
    }
    if (forwardEnd > start) client.relay(source, head, bytes, start, forwardEnd);
    if (forwardEnd === start && head !== "") client.write(head + tail);
    else if (tail !== "") client.write(tail);
    return scanned;
  }

  /** The body ends when the upstream closes (RFC 9112 6.3). */
  get endsWithConnection(): boolean {
    return this.scanner.endsWithConnection;
  }

  /** The upstream has closed after such a body: the client needs to see its end. */
  finish(): void {
    if (this.#framing === "chunked") this.#client?.write(LAST_CHUNK);
  }

  #reframe(bytes: Buffer, start: number, end: number): string {
    if (this.#framing === "drop") return this.#decoder.decode(bytes, start, end);
    if (end === start) return "";
    return `${chunkPrefix(end - start)}${latin1(bytes, start, end)}\r\n`;
  }
}
