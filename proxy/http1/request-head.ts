import { TOLERATED } from "../table/tolerance.ts";
import type { DecodedRequest } from "./decoded-head.ts";
import { ConnectionOptions } from "./connection-options.ts";
import { expectRefusal } from "./expect.ts";
import { FieldReader } from "./field-reader.ts";
import { Field } from "./field-names.ts";
import {
  contentLengthOf,
  framingViolations,
  requestFraming,
  requestFramingRefusal,
} from "./framing.ts";
import type { RequestFraming } from "./framing.ts";
import { MORE, REFUSED, REQUEST_HEAD_BYTES_MAX } from "./limits.ts";
import { listHas, loopNames } from "./list.ts";
import { maxForwardsOf } from "./max-forwards.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { FILLED, fillRequest } from "./request-fill.ts";
import { RequestText } from "./request-text.ts";
import { upgradeOf } from "./upgrade.ts";
import { isWebSocketKey, webSocketRefusal } from "./websocket.ts";

/**
 * The head of a request (RFC 9112 sections 2 to 6), parsed strictly: llhttp accepts whatever this
 * accepts, and reads it the same way. One object for each client connection, reused for every
 * request on it.
 *
 * After parse() has returned a length, everything is valid until the next reset(), whatever happens
 * to the bytes. Strings may be slices of the whole head's text: copy those that you keep for long.
 */
export class RequestHead extends RequestText {
  /** Why parse() returned REFUSED. */
  refusal: Refusal | undefined;
  /** The rules that it breaks and that a service may tolerate: a set of TOLERATED. */
  violations = 0;
  /** What ends the body. */
  framing: RequestFraming = "none";
  /** Bytes of the body. 0 unless framing is "length". */
  contentLength = 0;
  /** Whether the client wants to keep this connection. */
  keepAlive = false;
  /** The Upgrade field of a request that may become a tunnel. undefined: an ordinary one. */
  upgrade: string | undefined;
  /** The client waits for a 100 before it sends the body. */
  expectsContinue = false;
  /** Max-Forwards of an OPTIONS request. -1: none. */
  maxForwards = -1;
  readonly #reader = new FieldReader(this.fields);
  readonly #connection = new ConnectionOptions();
  #isLineRead = false;
  /** It came decoded, and whoever brings it says when its body ends. */
  #isTold = false;

  /** Before a new head. Nothing is left of the last one. */
  reset(): void {
    this.forget();
    this.upgrade = undefined;
    this.refusal = undefined;
    this.#isLineRead = false;
    this.#isTold = false;
  }

  /**
   * Parses the head that begins at bytes[start], as far as bytes[start, end) goes. Returns its
   * length from `start`, including empty lines before it and the final CRLF; MORE; or REFUSED, as
   * soon as it sees the byte that breaks a rule. After MORE, call again with the same head and more
   * of it, in any buffer: no byte is looked at twice.
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
      this.refusal = REFUSALS["head-too-large"];
      return REFUSED;
    }
    return length;
  }

  /**
   * Takes a head that came decoded, by the same rules as a parsed one. `isEnd`: no body follows.
   * `webSocketKey`: for the handshake that an extended CONNECT stands for, which has none (RFC 8441
   * section 5). false: it is refused.
   */
  fill(request: DecodedRequest, isEnd: boolean, webSocketKey: string): boolean {
    this.reset();
    this.#isTold = !isEnd && request.protocol === "";
    this.refusal =
      fillRequest(this.line, this.fields, request, webSocketKey) ?? this.#interpret(FILLED, 0);
    return this.refusal === undefined;
  }

  /** The client takes trailers (TE: trailers, RFC 9110 section 10.1.4). */
  get takesTrailers(): boolean {
    const value = this.fields.valueOfKind(Field.te);
    return value !== undefined && listHas(value, "trailers");
  }

  /** A body follows, be it an empty one in chunks. */
  get hasBody(): boolean {
    return this.framing === "chunked" || this.framing === "told" || this.contentLength > 0;
  }

  /** How many Connection options were ignored because they name a field that we rely on. */
  get protectedNamesIgnored(): number {
    return this.#connection.protectedNamesIgnored;
  }

  /** Whether a proxy of this name has already passed the request on: then it goes in a circle. */
  wasAt(pseudonym: string): boolean {
    const value = this.fields.valueOfKind(Field.cdnLoop);
    return value !== undefined && loopNames(value, pseudonym);
  }

  #read(bytes: Buffer, start: number, end: number): number {
    if (!this.#isLineRead) {
      const length = this.line.read(bytes, start, end);
      if (length <= 0) {
        this.refusal = this.line.refusal;
        return length;
      }
      this.#isLineRead = true;
      this.#reader.begin(length);
    }
    const length = this.#reader.read(bytes, start, end);
    this.refusal = this.#reader.refusal;
    return length;
  }

  /** Reads what the fields mean. Returns the rule that they break. */
  #interpret(bytes: Buffer, start: number): Refusal | undefined {
    if (!this.#connection.read(this.fields, bytes, start)) return REFUSALS["connection-invalid"];
    const { close, keepAlive } = this.#connection;
    this.keepAlive = !close && (this.version !== "1.0" || keepAlive);
    this.violations = this.line.target.hasRaw ? TOLERATED["raw-utf8-target"] : 0;
    return (
      this.readHost(bytes, start) ??
      this.#readFraming(bytes, start) ??
      this.#readExpect(bytes, start) ??
      this.#readMaxForwards(bytes, start) ??
      this.#readUpgrade()
    );
  }

  #readFraming(bytes: Buffer, start: number): Refusal | undefined {
    const { fields, version } = this;
    const length = contentLengthOf(fields, bytes, start);
    const refusal = requestFramingRefusal(fields, bytes, start, version, length);
    if (refusal !== undefined) return refusal;
    this.contentLength = length;
    this.framing = this.#isTold ? "told" : requestFraming(fields);
    this.violations |= framingViolations(fields, bytes, start);
    return undefined;
  }

  /** Expect means nothing in HTTP/1.0, and a 100 means nothing without a body. */
  #readExpect(bytes: Buffer, start: number): Refusal | undefined {
    const isMeant = this.fields.has(Field.expect) && this.version !== "1.0";
    this.expectsContinue = isMeant && this.hasBody;
    return isMeant ? expectRefusal(this.fields, bytes, start) : undefined;
  }

  #readMaxForwards(bytes: Buffer, start: number): Refusal | undefined {
    const isMeant = this.fields.has(Field.maxForwards) && this.method === "OPTIONS";
    this.maxForwards = isMeant ? maxForwardsOf(this.fields, bytes, start) : -1;
    return isMeant && this.maxForwards === -1 ? REFUSALS["max-forwards-invalid"] : undefined;
  }

  /** RFC 9110 section 7.8. HTTP/1.0 cannot ask for another protocol; a body is no obstacle. */
  #readUpgrade(): Refusal | undefined {
    const isMeant = this.#connection.upgrade && this.version !== "1.0";
    this.upgrade = isMeant ? upgradeOf(this.fields) : undefined;
    const isWebSocket = this.upgrade !== undefined && listHas(this.upgrade, "websocket");
    if (!isWebSocket) return undefined;
    if (!isWebSocketKey(this.fields)) this.violations |= TOLERATED["websocket-key"];
    return webSocketRefusal(this.method, this.fields);
  }
}
