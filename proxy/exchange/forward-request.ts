import { latin1 } from "../base/latin1.ts";
import { BodyScanner } from "../http1/body-scanner.ts";
import { ForwardedFields } from "../http1/forwarded-fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { requestHeadForUpstream } from "../http1/rewrite-request.ts";
import type { RequestRewrite } from "../http1/rewrite-request.ts";
import type { ServiceTable } from "../table/service-table.ts";
import type { Peer } from "../transport/peer.ts";
import type { ExchangeStream } from "./ports.ts";

/**
 * Most bytes of a request, including its head, that are kept so that an idempotent one can be sent
 * again.
 */
const REPLAY_BYTES_MAX = 64 * 1024;

/**
 * Moves a request to an endpoint: the rewritten head, then the body as it comes. Until a connection
 * is established it keeps everything (at most the head and one read, because the client is paused);
 * after that only what another attempt may need.
 */
export class RequestForwarder {
  readonly scanner = new BodyScanner();
  /** A byte of it went to an established connection. */
  written = false;
  /** The request from its first byte on, while `replayable`. */
  #text = "";
  #replayable = true;
  #contentLength = 0;
  /** It may be sent again (RFC 9110 9.2.2). */
  idempotent = true;
  /** What the head says about where the request comes from. */
  readonly #rewrite: RequestRewrite;

  /** `pseudonym`: our name in CDN-Loop and Via. */
  constructor(pseudonym: string) {
    this.#rewrite = {
      clientAddress: "",
      trusted: false,
      proto: "http",
      pseudonym,
      namedInVia: false,
      requestId: "",
      hostIfAbsent: "",
      clientCert: "",
      forwarded: new ForwardedFields(),
    };
  }

  /** The exchange is over: what was kept of its request is forgotten. */
  clear(): void {
    this.scanner.clear();
    this.#text = "";
  }

  /**
   * Before a new request; its body is scanned from now on. `tolerated`: the rules that it may
   * break, a set of TOLERATED.
   */
  begin(head: RequestHead, tolerated: number): void {
    this.scanner.begin(head.framing, head.contentLength, head.takesTrailers, tolerated);
    this.#contentLength = head.contentLength;
    this.written = false;
    this.#text = "";
    this.#replayable = true;
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
    return this.#replayable;
  }

  /** Rewrites the head that is sent first. `requestId` and the service's name fill its gaps. */
  setHead(head: RequestHead, peer: Peer, requestId: string, service: ServiceTable): void {
    const rewrite = this.#rewrite;
    rewrite.clientAddress = peer.address;
    rewrite.trusted = peer.trusted;
    rewrite.proto = peer.tls === undefined ? "http" : "https";
    rewrite.clientCert = peer.tls?.clientCert ?? "";
    rewrite.requestId = requestId;
    rewrite.hostIfAbsent = service.name;
    rewrite.namedInVia = service.snapshot.via !== "off";
    this.#text = requestHeadForUpstream(head, rewrite);
    this.idempotent = head.line.method.isIdempotent;
  }

  /** The rewritten head, between setHead and the first byte of the body. */
  get headText(): string {
    return this.#text;
  }

  set headText(text: string) {
    this.#text = text;
  }

  /**
   * Scans body bytes in bytes[start, end). Returns where the request ends (`end`: not yet), or
   * REFUSED. What was scanned must be passed on with `pass` before the next scan.
   */
  scan(bytes: Buffer, start: number, end: number): number {
    return this.scanner.scan(bytes, start, end);
  }

  /**
   * Passes the scanned bytes on, with the head if it has not gone out, or keeps them for `send`
   * while no connection is established. The source waits for the slower side.
   */
  pass(
    upstream: ExchangeStream | undefined,
    source: ExchangeStream,
    bytes: Buffer,
    start: number,
  ): void {
    if (upstream !== undefined && this.written) this.#forward(upstream, source, bytes, start);
    else this.#keep(bytes, start);
    if (upstream !== undefined && !this.written) return this.send(upstream, source);
    if (!this.done && upstream?.blocked !== false) source.pause();
  }

  #keep(bytes: Buffer, start: number): void {
    const { forwardEnd, tail } = this.scanner;
    if (forwardEnd > start) this.#text += latin1(bytes, start, forwardEnd);
    this.#text += tail;
  }

  /**
   * Sends everything that was kept once a connection is established; the source continues, or waits
   * until then.
   */
  send(upstream: ExchangeStream | undefined, source: ExchangeStream): void {
    if (upstream !== undefined) {
      upstream.write(this.#text);
      this.written = true;
      if (this.#text.length > REPLAY_BYTES_MAX) this.#forget();
    }
    if (this.done) return;
    if (upstream?.blocked === false) source.resume();
    else source.pause();
  }

  /** Sends the scanned bytes; the head is long gone. */
  #forward(upstream: ExchangeStream, source: ExchangeStream, bytes: Buffer, start: number): void {
    const { forwardEnd, tail } = this.scanner;
    if (this.#replayable) this.#remember(bytes, start);
    if (forwardEnd > start) upstream.relay(source, "", bytes, start, forwardEnd);
    if (tail !== "") upstream.write(tail);
    this.#letSourceGo(upstream, source);
  }

  /**
   * What the source reads next is another request, and must not overwrite the end of this one,
   * which is still on its way.
   */
  #letSourceGo(upstream: ExchangeStream, source: ExchangeStream): void {
    if (this.scanner.done) source.releaseBuffer(!upstream.blocked);
  }

  #remember(bytes: Buffer, start: number): void {
    const { forwardEnd, tail } = this.scanner;
    if (this.#text.length + forwardEnd - start > REPLAY_BYTES_MAX) this.#forget();
    else if (forwardEnd > start || tail !== "") this.#keep(bytes, start);
  }

  #forget(): void {
    this.#text = "";
    this.#replayable = false;
  }
}
