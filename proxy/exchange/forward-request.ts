import { BodyScanner } from "../http1/body-scanner.ts";
import { ChunkDecoder } from "../http1/chunk-decoder.ts";
import type { DecodedFields } from "../http1/decoded-head.ts";
import { OutgoingRequest } from "../http1/outgoing-request.ts";
import type { RequestRewrite } from "../http1/rewrite-request.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { keptTrailers, linesOfTail } from "../http1/trailer-section.ts";
import type { ServiceTable } from "../table/service-table.ts";
import type { Peer } from "../transport/peer.ts";
import { BodyCollector } from "./body-collector.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import { KeptBody } from "./kept-body.ts";
import type { ExchangeStream, ExchangeUpstream, RequestSink } from "./ports.ts";

/**
 * Moves a request to an endpoint: the head as that one's side encodes it, then the body as it
 * comes. Until a connection is established it keeps everything (at most the head and one read,
 * because the client is paused); after that only what another attempt may need.
 */
export class RequestForwarder {
  readonly scanner = new BodyScanner();
  /** The head as it goes upstream. */
  readonly outgoing: OutgoingRequest;
  /** A byte of it went to an established connection. */
  written = false;
  readonly #head: RequestHead;
  readonly #kept: KeptBody;
  #trailers = "";
  #contentLength = 0;
  /** It may be sent again (RFC 9110 9.2.2). */
  idempotent = true;
  readonly #buffered: BufferBudget;
  /** undefined: no request was to be whole first. */
  #collector: BodyCollector | undefined;
  /** Takes the chunks out of a body for an upstream that has others. undefined: none does. */
  #decoder: ChunkDecoder | undefined;

  /** `head`: of the exchange. `pseudonym`: our name in CDN-Loop and Via. */
  constructor(head: RequestHead, pseudonym: string, buffered: BufferBudget) {
    this.#head = head;
    this.#kept = new KeptBody(head);
    this.#buffered = buffered;
    this.outgoing = new OutgoingRequest(head, pseudonym);
  }

  /** The exchange is over: what was kept of its request is forgotten. */
  clear(): void {
    this.written = false;
    this.scanner.clear();
    this.outgoing.clear();
    this.#kept.clear();
    this.#trailers = "";
    this.#decoder = undefined;
    this.#collector?.clear();
  }

  /**
   * Before a new request; its body is scanned from now on. `tolerated`: the rules that it may
   * break, a set of TOLERATED.
   */
  begin(tolerated: number): void {
    const { framing, contentLength, takesTrailers } = this.#head;
    this.scanner.begin(framing, contentLength, takesTrailers, tolerated);
    this.#contentLength = contentLength;
  }

  /** Whether the body is, or says it will be, larger than `bytesMax`. 0: no limit. */
  exceeds(bytesMax: number): boolean {
    if (bytesMax === 0) return false;
    return Math.max(this.#contentLength, this.scanner.payloadBytes) > bytesMax;
  }

  /** All of the request has been read from the client. */
  get done(): boolean {
    return this.scanner.done;
  }

  /** Everything that was read so far can be sent again. */
  get replayable(): boolean {
    return this.#kept.isWhole;
  }

  /** All of it is there, and kept. */
  get isKept(): boolean {
    return this.done && this.replayable && this.#head.upgrade === undefined;
  }

  /** All of it is there, and it may be sent more than once. */
  get mayRepeat(): boolean {
    return this.isKept && this.idempotent;
  }

  /** The body without chunks, as latin1 text: isKept. */
  payload(): string {
    const isChunked = this.#head.framing === "chunked";
    return isChunked ? decoded(this.#kept.text, new ChunkDecoder()) : this.#kept.text;
  }

  /** Sends all of it there too: mayRepeat. */
  copyTo({ stream }: ExchangeUpstream): void {
    const before = this.#decoder;
    stream.send(stream.encode(this.outgoing), this.#bodyFor(stream));
    this.#finish(stream);
    this.#decoder = before;
  }

  /** What the head gets from us. `requestId` and the service's name fill its gaps. */
  setHead(peer: Peer, requestId: string, service: ServiceTable): void {
    fillRewrite(this.outgoing.rewrite, peer, requestId, service);
    this.idempotent = this.#head.line.method.isIdempotent;
  }

  /**
   * Scans body bytes in bytes[start, end). Returns where the request ends (`end`: not yet), or
   * REFUSED. What was scanned must be passed on with `pass` before the next scan.
   */
  scan(bytes: Buffer, start: number, end: number): number {
    return this.scanner.scan(bytes, start, end);
  }

  /** The body has ended, of which only the client knows. Follows pass(), and pass() follows it. */
  finish(trailers: DecodedFields | undefined): void {
    this.scanner.finish();
    if (trailers !== undefined) this.#trailers = keptTrailers(trailers);
  }

  /**
   * Passes the scanned bytes on, with the head if it has not gone out, or keeps them for `send`
   * while no connection is established. The source waits for the slower side.
   */
  pass(
    upstream: ExchangeUpstream | undefined,
    source: ExchangeStream,
    bytes: Buffer,
    start: number,
  ): void {
    if (upstream !== undefined && this.written) this.#forward(upstream, source, bytes, start);
    else this.#kept.keep(this.scanner, bytes, start);
    if (upstream !== undefined && !this.written) return this.send(upstream, source);
    if (this.#collector?.isActive) return this.#collector.more(this.#kept.text.length, this.done);
    if (!this.done && upstream?.stream.blocked !== false) source.pause();
  }

  /** See BodyCollector.begins(). */
  collects(bytesMax: number, onCollected: () => void): boolean {
    this.#collector ??= new BodyCollector(this.#head, this.#buffered);
    return this.#collector.begins(this.done, bytesMax, onCollected);
  }

  /** More of it is taken, by an endpoint or for one. */
  isTakenBy(upstream: ExchangeUpstream | undefined): boolean {
    return this.#collector?.isActive === true || upstream?.stream.blocked === false;
  }

  /**
   * Sends everything that was kept once a connection is established; the source continues, or waits
   * until then.
   */
  send(upstream: ExchangeUpstream | undefined, source: ExchangeStream): void {
    if (upstream !== undefined) {
      const { stream } = upstream;
      if (this.#collector?.isWanted === true && this.done && this.#trailers === "") {
        measure(this.outgoing, this.#head, this.scanner);
      }
      stream.send(stream.encode(this.outgoing), this.#bodyFor(stream));
      this.written = true;
      if (this.done) this.#finish(stream);
      this.#kept.sent();
    }
    if (this.done) return;
    if (upstream?.stream.blocked === false) source.resume();
    else source.pause();
  }

  /** What was kept of the body, as this upstream takes it. What follows goes the same way. */
  #bodyFor({ takesChunks }: RequestSink): string {
    this.#decoder = undefined;
    if (this.#head.framing !== "chunked") return this.#kept.text;
    if (takesChunks && !this.outgoing.isMeasured) return this.#kept.text;
    const decoder = new ChunkDecoder();
    if (!this.outgoing.isMeasured) this.#decoder = decoder;
    return decoded(this.#kept.text, decoder);
  }

  /** Sends the scanned bytes; the head is long gone. */
  #forward(
    { stream }: ExchangeUpstream,
    source: ExchangeStream,
    bytes: Buffer,
    start: number,
  ): void {
    const { forwardEnd, tail } = this.scanner;
    this.#kept.remember(this.scanner, bytes, start);
    if (this.#decoder !== undefined) {
      stream.send("", this.#decoder.decode(bytes, start, forwardEnd));
    } else {
      if (forwardEnd > start) stream.relay(source, "", bytes, start, forwardEnd);
      if (tail !== "") stream.send("", tail);
    }
    if (this.done) this.#finish(stream);
    this.#letSourceGo(stream, source);
  }

  /** HTTP/2 has a place for trailers whoever asks; in HTTP/1.1 they go to who has said so. */
  #finish(stream: RequestSink): void {
    if (this.#decoder !== undefined) return stream.finish(linesOfTail(this.scanner.tail));
    const mayPass = !stream.takesChunks || this.#head.takesTrailers;
    return stream.finish(mayPass ? this.#trailers : "");
  }

  /**
   * What the source reads next is another request, and must not overwrite the end of this one,
   * which is still on its way.
   */
  #letSourceGo(upstream: ExchangeStream, source: ExchangeStream): void {
    if (this.scanner.done) source.releaseBuffer(!upstream.blocked);
  }
}

function fillRewrite(
  rewrite: RequestRewrite,
  peer: Peer,
  requestId: string,
  service: ServiceTable,
): void {
  rewrite.clientAddress = peer.address;
  rewrite.trusted = peer.trusted;
  rewrite.proto = peer.tls === undefined ? "http" : "https";
  rewrite.clientCert = peer.tls?.clientCert ?? "";
  rewrite.requestId = requestId;
  rewrite.hostIfAbsent = service.name;
  rewrite.namedInVia = service.snapshot.via !== "off";
}

/** All of the body is there: it goes with its length, unless its chunks end with trailers. */
function measure(outgoing: OutgoingRequest, { framing }: RequestHead, scanner: BodyScanner): void {
  const lacksLength = framing === "chunked" || framing === "told";
  if (lacksLength && linesOfTail(scanner.tail) === "") outgoing.measure(scanner.payloadBytes);
}

function decoded(text: string, decoder: ChunkDecoder): string {
  return decoder.decode(Buffer.from(text, "latin1"), 0, text.length);
}
