import { latin1 } from "../base/latin1.ts";
import { BodyScanner } from "../http1/body-scanner.ts";
import { LAST_CHUNK, chunkPrefix } from "../http1/chunk-encoding.ts";
import { ChunkDecoder } from "../http1/chunk-decoder.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { ResponseHead } from "../http1/response-head.ts";
import type { ResponseRewrite } from "../http1/rewrite-response.ts";
import type { ByteSource } from "../transport/transport.ts";
import type { ClientAnswer } from "./client-answer.ts";
import type { Destination } from "./destination.ts";
import type { ExchangeStream } from "./ports.ts";

/** Most interim responses to one request that are passed on; more mean a broken upstream. */
const INTERIM_RESPONSES_MAX = 16;

/** Whose answers they are. */
export type AnsweringService = {
  /** The rules of HTTP that they may break: a set of TOLERATED. */
  readonly tolerated: number;
  /** One breaks a rule. */
  responseRefused(refusal: Refusal): void;
};

/** Moves a response to the client, body byte for body byte, and knows when it ends. */
export class ResponseForwarder {
  readonly head = new ResponseHead();
  readonly scanner = new BodyScanner();
  readonly #decoder = new ChunkDecoder();
  /**
   * How the client gets the body: HTTP/1.0 has no chunks, and HTTP/1.1 gets no body without an end.
   */
  framing: ResponseRewrite["framing"] = "as-sent";
  /** Only the end of the client's connection ends the body. */
  endsByClose = false;
  /** The final head has been read: what follows is its body. */
  inBody = false;
  #interims = 0;
  /** The upstream keeps its connection open and in step, by all that the heads say. */
  keepsConnection = true;
  #partialHead: Buffer | undefined;
  #client: ExchangeStream;

  readonly #service: AnsweringService;

  constructor(client: ExchangeStream, service: AnsweringService) {
    this.#client = client;
    this.#service = service;
  }

  /** Responses go there from now on. Nothing is left of the last one. */
  setClient(client: ExchangeStream): void {
    this.#client = client;
    this.head.fields.text = "";
    this.#partialHead = undefined;
    this.scanner.clear();
    this.#decoder.reset();
  }

  /** Before the answer to another attempt. */
  begin(): void {
    this.inBody = false;
    this.#interims = 0;
    this.keepsConnection = true;
    this.head.tolerated = this.#service.tolerated;
    this.#beginHead();
  }

  /** Before a head: the first, or one behind an interim one. */
  #beginHead(): void {
    this.head.reset();
    this.#partialHead = undefined;
  }

  /** The earlier pieces of a head with the newest one. undefined: there were no earlier pieces. */
  join(bytes: Buffer, end: number): Buffer | undefined {
    if (this.#partialHead === undefined) return undefined;
    return Buffer.concat([this.#partialHead, bytes.subarray(0, end)]);
  }

  /**
   * Reads the heads at the beginning of bytes[0, end): those of interim responses, which `client`
   * gets, and the final one or that of a 101. Returns where that ends, or MORE; REFUSED when one
   * breaks a rule.
   */
  readHead(bytes: Buffer, end: number, client: ClientAnswer, to: Destination): number {
    const { head } = this;
    for (let start = 0; start < end;) {
      const length = head.parse(bytes, start, end);
      if (length === MORE) return this.#holdHead(bytes, start, end);
      if (length === REFUSED) return this.#note(head.refusal);
      start += length;
      if (head.status >= 200 || head.status === 101) return start;
      this.#interims += 1;
      this.keepsConnection &&= head.keepAlive;
      if (this.#interims > INTERIM_RESPONSES_MAX) return REFUSED;
      client.interim(head, to);
      this.#beginHead();
    }
    return MORE;
  }

  /** Keeps the beginning of a head until more of it arrives. */
  #holdHead(bytes: Buffer, start: number, end: number): typeof MORE {
    this.#partialHead = Buffer.from(bytes.subarray(start, end));
    return MORE;
  }

  /** The head is known: how its body ends, and how the client of this request gets it. */
  beginBody(request: RequestHead): void {
    this.inBody = true;
    this.#partialHead = undefined;
    // Who declines an upgrade may have left HTTP at the head, and takes its body for a request.
    const mayBeLost = request.upgrade !== undefined && request.hasBody;
    const { keepAlive, bodyIsDoubtful } = this.head;
    this.keepsConnection &&= keepAlive && !bodyIsDoubtful && !mayBeLost;
    const ends = this.head.framingFor(request.isHead);
    const knowsChunks = request.minorVersion > 0;
    this.framing = "as-sent";
    if (ends === "chunked" && !knowsChunks) this.framing = "drop";
    if (ends === "close" && knowsChunks) this.framing = "chunked";
    this.endsByClose = !knowsChunks && (ends === "chunked" || ends === "close");
    this.scanner.begin(
      ends,
      this.head.contentLength,
      request.takesTrailers,
      this.#service.tolerated,
    );
    this.#decoder.reset();
  }

  /**
   * Sends `head` ("" when it has gone out) and the body in bytes[start, end). Returns where the
   * response ends in them (`end`: not yet, or just now: see scanner.done), or REFUSED.
   */
  forward(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): number {
    const scanned = this.scanner.scan(bytes, start, end);
    const client = this.#client;
    if (scanned === REFUSED) return this.#note(this.scanner.refusal);
    const { forwardEnd, tail } = this.scanner;
    if (this.framing !== "as-sent") {
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
    return this.inBody && this.scanner.endsWithConnection;
  }

  /** The upstream has closed after such a body: the client must see its end. */
  finish(): void {
    if (this.framing === "chunked") this.#client.write(LAST_CHUNK);
  }

  #note(refusal: Refusal | undefined): number {
    if (refusal !== undefined) this.#service.responseRefused(refusal);
    return REFUSED;
  }

  #reframe(bytes: Buffer, start: number, end: number): string {
    if (this.framing === "drop") return this.#decoder.decode(bytes, start, end);
    if (end === start) return "";
    return `${chunkPrefix(end - start)}${latin1(bytes, start, end)}\r\n`;
  }
}
