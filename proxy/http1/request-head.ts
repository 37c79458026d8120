import { equalsFolded, wholeNumber } from "./bytes.ts";
import { normalisePath } from "../table/normalise-path.ts";
import type { RequestView } from "../table/request-view.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { contentLengthOf, framingRefusal } from "./framing.ts";
import { hostEnd } from "./host.ts";
import { MORE, REFUSED, REQUEST_HEAD_BYTES_MAX, REQUEST_ID_BYTES_MAX } from "./limits.ts";
import { listHas, viaNames } from "./list.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";
import { RequestLine } from "./request-line.ts";
import { webSocketRefusal } from "./websocket.ts";

const CONTINUE = Buffer.from("100-continue", "latin1");
/** Visible ASCII only: it goes into logs and further requests. */
const REQUEST_ID = new RegExp(`^[!-~]{1,${REQUEST_ID_BYTES_MAX}}$`);

/**
 * The head of a request (RFC 9112 sections 2 to 6), parsed strictly: what is taken here, llhttp
 * takes too and reads the same way. One object a client connection, reused for every request on it.
 *
 * After parse() has returned a length, everything is valid until the next reset(), whatever becomes
 * of the bytes. Strings may be slices of the whole head's text: copy one that is kept for long.
 */
export class RequestHead implements RequestView {
  /** Why parse() returned REFUSED. */
  refusal: Refusal | undefined;
  /** What ends the body. */
  framing: "none" | "length" | "chunked" = "none";
  /** Bytes of the body. 0 unless framing is "length". */
  contentLength = 0;
  /** Whether the client wants to go on with this connection. */
  keepAlive = false;
  /** The Upgrade field of a request that may become a tunnel. undefined: an ordinary request. */
  upgrade: string | undefined;
  /** The client waits for a 100 before it sends the body. */
  expectsContinue = false;
  /** Max-Forwards of an OPTIONS request. -1: none. */
  maxForwards = -1;
  /** The request line and the field lines, for the rewriter. */
  readonly line = new RequestLine();
  readonly fields = new FieldLines();

  readonly #connection = new ConnectionOptions();
  #isLineRead = false;
  #hostStart = 0;
  #hostEnd = 0;
  #authorityEnd = 0;
  #path: string | undefined;

  /** Before a new head. */
  reset(): void {
    this.refusal = undefined;
    this.line.begin();
    this.#isLineRead = false;
    this.#path = undefined;
  }

  /**
   * Parses the head that begins at bytes[start], as far as bytes[start, end) goes. Returns its
   * length from `start`, empty lines before it and the final CRLF included; MORE; or REFUSED, as
   * soon as the byte that breaks a rule is there. After MORE, call again with the same head and
   * more of it, in any buffer: no byte is looked at twice.
   */
  parse(bytes: Buffer, start: number, end: number): number {
    const limit = Math.min(end, start + REQUEST_HEAD_BYTES_MAX);
    const length = this.#read(bytes, start, limit);
    if (length > 0) {
      this.fields.keepText(bytes, start, length);
      this.refusal = this.#interpret(bytes, start);
      return this.refusal === undefined ? length : REFUSED;
    }
    if (length === MORE && limit - start === REQUEST_HEAD_BYTES_MAX) {
      return this.#refuse("head-too-large");
    }
    return length;
  }

  /** As sent; one of the methods that are taken. */
  get method(): string {
    return this.line.method.name;
  }

  get minorVersion(): 0 | 1 {
    return this.line.minorVersion;
  }

  get isHead(): boolean {
    return this.line.method.name === "HEAD";
  }

  /** GET, HEAD, OPTIONS, PUT and DELETE (RFC 9110 section 9.2.2). */
  get isIdempotent(): boolean {
    return this.line.method.isIdempotent;
  }

  /** `OPTIONS *`: it asks about us, not about a resource. */
  get asteriskForm(): boolean {
    return this.line.asteriskForm;
  }

  /**
   * Whom the request is for, as sent, without port; an absolute target's authority beats Host.
   * "": HTTP/1.0 without Host.
   */
  get host(): string {
    return this.fields.text.slice(this.#hostStart, this.#hostEnd);
  }

  /** As `host`, with its port if it was sent with one. */
  get authority(): string {
    return this.fields.text.slice(this.#hostStart, this.#authorityEnd);
  }

  /** The target, as sent. */
  get target(): string {
    return this.fields.text.slice(this.line.targetStart, this.line.targetEnd);
  }

  get path(): string {
    this.#path ??= normalisePath(this.fields.text.slice(this.line.pathStart, this.line.pathEnd));
    return this.#path;
  }

  get queryString(): string {
    return this.fields.text.slice(this.line.pathEnd + 1, this.line.targetEnd);
  }

  header(name: string): string | undefined {
    return this.fields.valueOf(name, name === "cookie" ? "; " : ", ");
  }

  /** The X-Request-Id that the request came with. undefined: none, several, or not fit for logs. */
  get requestId(): string | undefined {
    if (!this.fields.has(Field.xRequestId) || this.fields.hasTwice(Field.xRequestId)) {
      return undefined;
    }
    const value = this.fields.value(this.fields.indexOf(Field.xRequestId));
    return REQUEST_ID.test(value) ? value : undefined;
  }

  /** The client takes trailers (TE: trailers, RFC 9110 section 10.1.4). */
  get takesTrailers(): boolean {
    const value = this.fields.valueOfKind(Field.te);
    return value !== undefined && listHas(value, "trailers");
  }

  /** How many Connection options were ignored because they name a field that we rely on. */
  get protectedNamesIgnored(): number {
    return this.#connection.protectedNamesIgnored;
  }

  /** Whether a proxy of this name has passed the request on before: it goes in a circle. */
  viaHasPseudonym(pseudonym: string): boolean {
    const value = this.fields.valueOfKind(Field.via);
    return value !== undefined && viaNames(value, pseudonym);
  }

  #read(bytes: Buffer, start: number, end: number): number {
    if (!this.#isLineRead) {
      const length = this.line.read(bytes, start, end);
      if (length <= 0) {
        this.refusal = this.line.refusal;
        return length;
      }
      this.#isLineRead = true;
      this.fields.begin(length);
    }
    const length = this.fields.read(bytes, start, end);
    this.refusal = this.fields.refusal;
    return length;
  }

  /** Reads what the fields mean. Returns the rule that they break. */
  #interpret(bytes: Buffer, start: number): Refusal | undefined {
    if (!this.#connection.read(this.fields, bytes, start)) {
      return REFUSALS["connection-invalid"];
    }
    const { close, keepAlive } = this.#connection;
    this.keepAlive = !close && (this.minorVersion === 1 || keepAlive);
    return (
      this.#readHost(bytes, start) ??
      this.#readFraming(bytes, start) ??
      this.#readExpect(bytes, start) ??
      this.#readMaxForwards(bytes, start) ??
      this.#readUpgrade()
    );
  }

  /** RFC 9112 section 3.2. */
  #readHost(bytes: Buffer, start: number): Refusal | undefined {
    const { fields, line } = this;
    this.#hostStart = line.authorityStart;
    this.#hostEnd = line.authorityHostEnd;
    this.#authorityEnd = line.authorityEnd;
    if (!fields.has(Field.host)) {
      return this.minorVersion === 0 ? undefined : REFUSALS["host-missing"];
    }
    if (fields.hasTwice(Field.host)) {
      return REFUSALS["host-twice"];
    }
    const index = fields.indexOf(Field.host);
    const from = fields.valueStart(index);
    const to = fields.valueEnd(index);
    const end = hostEnd(bytes, start + from, start + to);
    if (end === -1) {
      return REFUSALS["host-invalid"];
    }
    if (line.authorityStart === 0) {
      this.#hostStart = from;
      this.#hostEnd = end - start;
      this.#authorityEnd = to;
    }
    return undefined;
  }

  #readFraming(bytes: Buffer, start: number): Refusal | undefined {
    const refusal = framingRefusal(this.fields, bytes, start, this.minorVersion);
    if (refusal !== undefined) {
      return refusal;
    }
    this.contentLength = contentLengthOf(this.fields, bytes, start);
    const lengthOrNone = this.fields.has(Field.contentLength) ? "length" : "none";
    this.framing = this.fields.has(Field.transferEncoding) ? "chunked" : lengthOrNone;
    return undefined;
  }

  /** RFC 9110 section 10.1.1. Means nothing in HTTP/1.0 or without a body. */
  #readExpect(bytes: Buffer, start: number): Refusal | undefined {
    this.expectsContinue = false;
    if (!this.fields.has(Field.expect) || this.minorVersion === 0) {
      return undefined;
    }
    if (this.fields.hasTwice(Field.expect)) {
      return REFUSALS["expectation-twice"];
    }
    const index = this.fields.indexOf(Field.expect);
    const from = start + this.fields.valueStart(index);
    if (!equalsFolded(bytes, from, start + this.fields.valueEnd(index), CONTINUE)) {
      return REFUSALS["expectation-unknown"];
    }
    this.expectsContinue = this.#hasBody();
    return undefined;
  }

  /** RFC 9110 section 7.6.2. */
  #readMaxForwards(bytes: Buffer, start: number): Refusal | undefined {
    this.maxForwards = -1;
    if (!this.fields.has(Field.maxForwards) || this.method !== "OPTIONS") {
      return undefined;
    }
    const index = this.fields.indexOf(Field.maxForwards);
    const { fields } = this;
    this.maxForwards = wholeNumber(
      bytes,
      start + fields.valueStart(index),
      start + fields.valueEnd(index),
    );
    const isOne = this.maxForwards !== -1 && !fields.hasTwice(Field.maxForwards);
    return isOne ? undefined : REFUSALS["max-forwards-invalid"];
  }

  /**
   * RFC 9110 section 7.8. Ignored where it cannot be, and for HTTP/2: that would be a way round us.
   */
  #readUpgrade(): Refusal | undefined {
    this.upgrade = undefined;
    if (!this.#connection.upgrade || this.minorVersion === 0 || this.#hasBody()) {
      return undefined;
    }
    const value = this.fields.valueOfKind(Field.upgrade) ?? "";
    if (value === "" || listHas(value, "h2c")) {
      return undefined;
    }
    this.upgrade = value;
    return listHas(value, "websocket") ? webSocketRefusal(this.method, this.fields) : undefined;
  }

  #hasBody(): boolean {
    return this.framing === "chunked" || this.contentLength > 0;
  }

  #refuse(reason: RejectReason): number {
    this.refusal = REFUSALS[reason];
    return REFUSED;
  }
}
