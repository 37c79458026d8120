import { TOLERATED, intolerable } from "../table/tolerance.ts";
import { CR, FIELD_VALUE, LF, SP, isDigit } from "./bytes.ts";
import type { DecodedResponse } from "./decoded-head.ts";
import { addLines, beginLines, endLines } from "./decoded-lines.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { FieldLines } from "./field-lines.ts";
import { FieldReader } from "./field-reader.ts";
import { Field } from "./field-names.ts";
import { contentLengthOf, framingRefusal, framingViolations } from "./framing.ts";
import type { BodyFraming } from "./framing.ts";
import type { HttpVersion } from "./http-version.ts";
import { MORE, REFUSED, RESPONSE_FIELDS_MAX, RESPONSE_HEAD_BYTES_MAX } from "./limits.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";

/** What a status line begins with; the digit of the minor version is looked at on its own. */
const PREFIX = Buffer.from("HTTP/1.1 ", "latin1");
const MINOR = 7;
const STATUS_START = PREFIX.length;
const REASON_START = STATUS_START + 3;
const DIGIT_0 = 0x30;
/** Where a head that came decoded is looked at, as if it had come like this. */
const SCRATCH = Buffer.allocUnsafeSlow(RESPONSE_HEAD_BYTES_MAX);

/**
 * The head of a response (RFC 9112 section 4), parsed as strictly as a request's. One object for
 * each upstream connection, reused for every response on it.
 *
 * After parse() has returned a length, everything is valid until the next reset(), whatever happens
 * to the bytes.
 */
export class ResponseHead {
  /** Why parse() returned REFUSED. The client gets a 502, whatever status it names. */
  refusal: Refusal | undefined;
  /** The rules that it may break: a set of TOLERATED, set by whoever knows the service. */
  tolerated = 0;
  /** Those that it breaks; all of them are about Content-Length. */
  violations = 0;
  /** 100 to 599. */
  status = 0;
  version: HttpVersion = "1.1";
  /**
   * Whether the upstream keeps the connection open after the final response, as far as this head
   * says. A body that ends by close makes this meaningless.
   */
  keepAlive = false;
  /** As sent, also in answer to HEAD. 0: none. */
  contentLength = 0;
  /** Where the reason begins, with the space before it if there is one. */
  readonly reasonStart = REASON_START;
  /** The field lines, for the rewriter. */
  readonly fields = new FieldLines(RESPONSE_FIELDS_MAX);

  readonly #reader = new FieldReader(this.fields);
  readonly #connection = new ConnectionOptions();
  /** The next byte of the status line to look at. */
  #next = 0;
  #isLineRead = false;
  /** It came decoded, so that whoever brings it says when the body ends. */
  #isTold = false;
  /** It came decoded, and nothing follows it. */
  #isAll = false;

  /** Before a new head. */
  reset(): void {
    this.refusal = undefined;
    this.status = 0;
    this.#next = 0;
    this.#isLineRead = false;
    this.#isTold = false;
    this.#isAll = false;
  }

  /**
   * Takes a head that came decoded, by the same rules as a parsed one. `isEnd`: nothing follows.
   * false: it is refused.
   */
  fill(response: DecodedResponse, isEnd: boolean): boolean {
    this.reset();
    this.status = response.status;
    this.version = "2.0";
    this.#isTold = true;
    this.#isAll = isEnd;
    this.refusal = fillResponse(this.fields, response) ?? this.#interpret(SCRATCH, 0);
    return this.refusal === undefined;
  }

  /**
   * Parses the head that begins at bytes[start], as far as bytes[start, end) goes. Returns its
   * length from `start`, including the final CRLF; MORE; or REFUSED, as soon as it sees the byte
   * that breaks a rule. After MORE, call again with the same head and more of it, in any buffer.
   */
  parse(bytes: Buffer, start: number, end: number): number {
    const limit = Math.min(end, start + RESPONSE_HEAD_BYTES_MAX);
    const length = this.#read(bytes, start, limit);
    if (length > 0) {
      this.fields.keepText(bytes, start, length);
      this.refusal = this.#interpret(bytes, start);
      return this.refusal === undefined ? length : REFUSED;
    }
    if (length === MORE && limit - start === RESPONSE_HEAD_BYTES_MAX) {
      return this.#refuse("head-too-large");
    }
    return length;
  }

  /**
   * The protocol that a 101 changes to, or those that a 426 asks for (RFC 9110 section 15.5.22).
   * undefined: none is named. In other answers it only advertises, and is not for our client.
   */
  get upgrade(): string | undefined {
    const isMeant = this.status === 101 || this.status === 426;
    return isMeant ? this.fields.valueOfKind(Field.upgrade) : undefined;
  }

  /** How the body ends, given the request (RFC 9112 section 6.3). */
  framingFor(requestWasHead: boolean): BodyFraming {
    if (requestWasHead || this.isBodiless) {
      return "none";
    }
    if (this.#isTold) return this.#isAll ? "none" : "told";
    if (this.fields.has(Field.transferEncoding)) {
      return "chunked";
    }
    return this.fields.has(Field.contentLength) ? "length" : "close";
  }

  /** It has no body, though it might, and does not say so: in HTTP/1.1 it would have no end. */
  get lacksLength(): boolean {
    return this.#isAll && !this.isBodiless && !this.fields.has(Field.contentLength);
  }

  /** The value of a field, `name` in lower case; several lines joined with ", ". */
  header(name: string): string | undefined {
    return this.fields.valueOf(name, ", ");
  }

  /** 1xx, 204 and 304 have no body, whatever their fields say (RFC 9112 section 6.3). */
  get isBodiless(): boolean {
    return this.status < 200 || this.status === 204 || this.status === 304;
  }

  /**
   * A 204 or 304 that speaks of a body: it has none, but an endpoint that is wrong about this may
   * send one. After a HEAD that is not so: there every answer speaks of what GET would bring.
   */
  get bodyIsDoubtful(): boolean {
    if (!this.isBodiless) return false;
    return this.contentLength > 0 || this.fields.has(Field.transferEncoding);
  }

  #read(bytes: Buffer, start: number, end: number): number {
    if (!this.#isLineRead) {
      const length = this.#readLine(bytes, start, end);
      if (length <= 0) {
        return length;
      }
      this.#isLineRead = true;
      this.#reader.begin(length);
    }
    const length = this.#reader.read(bytes, start, end);
    this.refusal = this.#reader.refusal;
    return length;
  }

  #readLine(bytes: Buffer, start: number, end: number): number {
    let at = start + this.#next;
    const reason = start + REASON_START;
    for (; at < end && at < reason; at += 1) {
      if (!isStatusLineByte(bytes[at] as number, at - start)) {
        return this.#refuse("status-line-invalid");
      }
    }
    if (at === reason && at < end && bytes[at] !== SP && bytes[at] !== CR) {
      return this.#refuse("status-line-invalid");
    }
    while (at < end && FIELD_VALUE[bytes[at] as number] === 1) {
      at += 1;
    }
    this.#next = at - start;
    if (at === end || (bytes[at] === CR && at + 1 === end)) {
      return MORE;
    }
    if (bytes[at] !== CR || bytes[at + 1] !== LF) {
      return this.#refuse("status-line-invalid");
    }
    this.#takeLine(bytes, start);
    return at + 2 - start;
  }

  #takeLine(bytes: Buffer, start: number): void {
    this.version = bytes[start + MINOR] === DIGIT_0 ? "1.0" : "1.1";
    let status = 0;
    for (let at = start + STATUS_START; at < start + REASON_START; at += 1) {
      status = status * 10 + (bytes[at] as number) - DIGIT_0;
    }
    this.status = status;
  }

  #interpret(bytes: Buffer, start: number): Refusal | undefined {
    const { fields } = this;
    if (!this.#connection.read(fields, bytes, start)) {
      return REFUSALS["connection-invalid"];
    }
    const { close, keepAlive } = this.#connection;
    this.keepAlive = !close && (this.version !== "1.0" || keepAlive);
    const length = contentLengthOf(fields, bytes, start);
    const refusal = framingRefusal(fields, bytes, start, this.version, length);
    if (refusal !== undefined) return refusal;
    this.violations = framingViolations(fields, bytes, start);
    const isBoth = (this.violations & TOLERATED["content-length-with-chunked"]) !== 0;
    this.contentLength = isBoth ? 0 : length;
    // RFC 9112 section 6.1: whoever sends both may go on elsewhere than we think.
    this.keepAlive &&= !isBoth;
    const broken = intolerable(this.violations, this.tolerated);
    return broken && REFUSALS[broken];
  }

  #refuse(reason: RejectReason): number {
    this.refusal = REFUSALS[reason];
    return REFUSED;
  }
}

/** Writes a head down that came decoded, in `fields` and in SCRATCH. */
function fillResponse(fields: FieldLines, { status, list }: DecodedResponse): Refusal | undefined {
  beginLines(fields, `HTTP/1.1 ${status} \r\n`);
  if (!addLines(fields, list)) return REFUSALS["too-many-fields"];
  endLines(fields);
  if (fields.text.length > SCRATCH.length) return REFUSALS["head-too-large"];
  SCRATCH.write(fields.text, "latin1");
  return undefined;
}

function isStatusLineByte(byte: number, index: number): boolean {
  if (index === MINOR) {
    return byte === DIGIT_0 || byte === DIGIT_0 + 1;
  }
  if (index === STATUS_START) {
    return byte > DIGIT_0 && byte <= DIGIT_0 + 5;
  }
  return index < STATUS_START ? byte === PREFIX[index] : isDigit(byte);
}
