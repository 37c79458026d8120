import { BodyScanner } from "../http1/body-scanner.ts";
import { ChunkDecoder } from "../http1/chunk-decoder.ts";
import type { DecodedFields, DecodedResponse } from "../http1/decoded-head.ts";
import { Field } from "../http1/field-names.ts";
import type { BodyFraming } from "../http1/framing.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { ResponseHead } from "../http1/response-head.ts";
import type { ResponseRewrite } from "../http1/rewrite-response.ts";
import { keptTrailers, linesOfTail } from "../http1/trailer-section.ts";
import type { ByteSource } from "../transport/transport.ts";
import { AheadStream } from "./ahead-stream.ts";
import type { AnswerNote } from "./answer-note.ts";
import type { AnswerTap } from "./answer-tap.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import type { Destination } from "./destination.ts";
import type { ExchangeStream } from "./ports.ts";
import type { Refusals } from "./refusals.ts";

/** Most interim responses to one request that are passed on; more mean a broken upstream. */
const INTERIM_RESPONSES_MAX = 16;

/** What they are responses to. */
export type AnsweredExchange = {
  readonly to: Pick<Destination, "tolerated" | "aheadBytes" | "live" | "pool"> & {
    readonly refusals: Pick<Refusals, "response">;
  };
  readonly answer: {
    /** Hears all of the answer. undefined: nobody does. */
    readonly tap: AnswerTap | undefined;
    readonly buffered: BufferBudget;
    readonly note: Pick<AnswerNote, "bodyBytes" | "began">;
    interim(head: ResponseHead): void;
  };
};

/** Moves a response to the client, piece by piece, and knows when it ends. */
export class ResponseForwarder {
  readonly head = new ResponseHead();
  readonly scanner = new BodyScanner();
  /** Takes the chunks out of the body under way. undefined: it stays as it is. */
  #decoder: ChunkDecoder | undefined;
  /**
   * How the client gets the body: only HTTP/1.1 has chunks, and it gets no body without an end.
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
  /** Where the body goes: the client, or what stands before it. */
  #sink: ExchangeStream;
  /** undefined: no answer has needed it yet. */
  #ahead: AheadStream | undefined;

  /** The client takes trailers: HTTP/2 has a place for them whoever asks. */
  #keepsTrailers = false;
  #trailers = "";
  readonly #exchange: AnsweredExchange;

  constructor(client: ExchangeStream, exchange: AnsweredExchange) {
    this.#client = client;
    this.#sink = client;
    this.#exchange = exchange;
  }

  /** Responses go there from now on. */
  setClient(client: ExchangeStream): void {
    this.#client = client;
    this.#sink = client;
  }

  /** Nothing is left of the last response. */
  clear(): void {
    this.#ahead?.clear();
    this.head.fields.forget();
    this.#partialHead = undefined;
    this.scanner.clear();
    this.#decoder = undefined;
    this.#trailers = "";
  }

  /** Before the answer to another attempt. */
  begin(): void {
    this.inBody = false;
    this.#interims = 0;
    this.keepsConnection = true;
    const { tolerated, aheadBytes } = this.#exchange.to;
    this.head.tolerated = tolerated;
    if (aheadBytes > 0) this.#goAhead(aheadBytes);
    this.#beginHead();
  }

  /** Takes so many bytes for a client that is behind. */
  #goAhead(bytes: number): void {
    this.#ahead ??= new AheadStream(this.#client, this.#exchange.answer.buffered);
    this.#ahead.begin(this.#client, bytes);
    this.#sink = this.#ahead;
  }

  /** No more of the answer may come before the client has taken some. */
  get blocked(): boolean {
    return this.#sink.blocked;
  }

  /** The answer has ended, and waits for its client. */
  get isBehind(): boolean {
    return this.#ahead?.isBehind === true;
  }

  /** The client takes more. true: it has all of an answer that was behind. */
  catchesUp(): boolean {
    return this.#ahead?.goOn() === true;
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
   * Reads the heads at the beginning of bytes[0, end): those of interim responses, which the client
   * gets, and the final one or that of a 101. Returns where that ends, or MORE; REFUSED when one
   * breaks a rule.
   */
  readHead(bytes: Buffer, end: number): number {
    const { head } = this;
    for (let start = 0; start < end;) {
      const length = head.parse(bytes, start, end);
      if (length === MORE) return this.#holdHead(bytes, start, end);
      if (length === REFUSED) return refused(this.#exchange, head);
      start += length;
      if (head.status >= 200 || head.status === 101) return start;
      if (!this.#passInterim()) return REFUSED;
    }
    return MORE;
  }

  /** Takes a head that came decoded; otherwise as readHead(), with 1 for a final one. */
  takeHead(response: DecodedResponse, isEnd: boolean): number {
    const { head } = this;
    if (!head.fill(response, isEnd)) return refused(this.#exchange, head);
    if (head.status >= 200 || head.status === 101) return 1;
    return this.#passInterim() ? MORE : REFUSED;
  }

  /** false: it is one too many. */
  #passInterim(): boolean {
    const { head } = this;
    this.#interims += 1;
    this.keepsConnection &&= head.keepAlive;
    if (this.#interims > INTERIM_RESPONSES_MAX) return false;
    this.#exchange.answer.interim(head);
    this.#beginHead();
    return true;
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
    this.framing = framingFor(this.head, ends, request);
    this.endsByClose =
      request.version === "1.0" &&
      (ends === "chunked" || ends === "close" || (ends === "told" && !hasLength(this.head)));
    const { contentLength } = this.head;
    this.#keepsTrailers = request.takesTrailers || request.version === "2.0";
    this.scanner.begin(ends, contentLength, this.#keepsTrailers, this.#exchange.to.tolerated);
    this.#decoder = undefined;
    this.#trailers = "";
  }

  /**
   * Sends `head` ("" when it has gone out) and the body in bytes[start, end). Returns where the
   * response ends in them (`end`: not yet, or just now: see scanner.done), or REFUSED.
   */
  forward(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): number {
    const scanned = this.scanner.scan(bytes, start, end);
    const client = this.#sink;
    if (scanned === REFUSED) return refused(this.#exchange, this.scanner);
    const { forwardEnd, tail, done } = this.scanner;
    const { note, tap } = this.#exchange.answer;
    tap?.add(bytes, start, scanned);
    note.bodyBytes = this.scanner.payloadBytes;
    if (head !== "" && !done) note.began();
    if (this.framing === "drop") {
      client.send(head, (this.#decoder ??= new ChunkDecoder()).decode(bytes, start, scanned));
      return scanned;
    }
    if (forwardEnd > start) client.relay(source, head, bytes, start, forwardEnd);
    if (forwardEnd === start && head !== "") client.send(head, tail);
    else if (tail !== "") client.send("", tail);
    return scanned;
  }

  /** The body has ended, of which only the upstream knows. */
  end(trailers: DecodedFields | undefined): void {
    this.scanner.finish();
    if (trailers !== undefined && this.#keepsTrailers) this.#trailers = keptTrailers(trailers);
  }

  /** The body ends when the upstream closes (RFC 9112 6.3). */
  get endsWithConnection(): boolean {
    return this.inBody && this.scanner.endsWithConnection;
  }

  /** All of the body has been sent: the client must see its end. `source`: has read it. */
  finish(source: ByteSource | undefined): void {
    this.#sink.finish(this.framing === "drop" ? linesOfTail(this.scanner.tail) : this.#trailers);
    this.#exchange.answer.tap?.end();
    // What goes ahead is a copy.
    source?.releaseBuffer(this.#sink !== this.#client || !this.#client.blocked);
  }
}

/** An endpoint's answer breaks a rule. */
function refused(
  { to }: AnsweredExchange,
  { refusal }: { readonly refusal: Refusal | undefined },
): typeof REFUSED {
  if (refusal !== undefined) to.refusals.response(refusal, to.live?.name, to.pool?.version);
  return REFUSED;
}

/** How a body that ends like this goes to the client of this request. */
function framingFor(
  head: ResponseHead,
  ends: BodyFraming,
  request: RequestHead,
): ResponseRewrite["framing"] {
  const knowsChunks = request.version === "1.1";
  switch (ends) {
    case "chunked":
      return knowsChunks ? "as-sent" : "drop";
    case "close":
      return knowsChunks ? "chunked" : "as-sent";
    case "told":
      return knowsChunks && !hasLength(head) ? "chunked" : "as-sent";
    case "none":
      return head.lacksLength && !request.isHead ? "empty" : "as-sent";
    case "length":
      return "as-sent";
  }
}

function hasLength({ fields }: ResponseHead): boolean {
  return fields.has(Field.contentLength);
}
