import { CR, LF, SP, TOKEN, isDigit } from "./bytes.ts";
import {
  EMPTY_LINES_MAX,
  METHOD_BYTES_MAX,
  MORE,
  REFUSED,
  REQUEST_LINE_BYTES_MAX,
} from "./limits.ts";
import type { HttpVersion } from "./http-version.ts";
import { NO_METHOD, findMethod } from "./methods.ts";
import type { Method } from "./methods.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";
import { RequestTarget } from "./request-target.ts";

const DIGIT_0 = 0x30;
const DIGIT_1 = 0x31;
/** `HTTP/1.1` and its CRLF; the two digits are looked at on their own. */
const VERSION = Buffer.from("HTTP/1.1\r\n", "latin1");
const MAJOR = 5;
const MINOR = 7;

/** The part of the line that is being read. Plain numbers: compared for every read. */
const EMPTY_LINES = 0;
const METHOD = 1;
const PATH = 2;
const QUERY = 3;
const VERSION_TEXT = 4;

/**
 * Reads a request line (RFC 9112 section 3). All positions are relative to the head's first byte.
 */
export class RequestLine {
  /** Why read() returned REFUSED. */
  refusal: Refusal | undefined;
  method: Method = NO_METHOD;
  version: HttpVersion = "1.1";
  /** Where the line starts: after the empty lines. */
  start = 0;
  /** The target, which begins after the method. */
  readonly target = new RequestTarget();

  #part = EMPTY_LINES;
  /** The next byte to look at. */
  #next = 0;
  #emptyLines = 0;

  /** Before a new head. */
  begin(): void {
    this.refusal = undefined;
    this.method = NO_METHOD;
    this.start = 0;
    this.target.clear();
    this.#part = EMPTY_LINES;
    this.#next = 0;
    this.#emptyLines = 0;
  }

  /**
   * Reads on in bytes[head, end), at the byte where the last call stopped.
   * Returns the length from `head` past the line's CRLF, MORE, or REFUSED.
   */
  read(bytes: Buffer, head: number, end: number): number {
    if (this.#part === EMPTY_LINES && !this.#readEmptyLines(bytes, head, end)) {
      return this.#pending();
    }
    // Nothing past the limit is read, so that the outcome does not depend on how bytes arrive.
    const lineLimit = head + this.start + REQUEST_LINE_BYTES_MAX;
    const limit = Math.min(end, lineLimit);
    if (this.#readParts(bytes, head, limit)) {
      return this.#next;
    }
    if (this.refusal === undefined && limit === lineLimit) {
      this.#refuse("target-too-long");
    }
    return this.#pending();
  }

  /**
   * Reads the line that bytes[0, end) are, with its CRLF, which was put together of a method and a
   * target that came decoded; so what ends one of them elsewhere does not belong to it. false: it
   * breaks a rule.
   */
  readDecoded(bytes: Buffer, end: number, targetStart: number, targetEnd: number): boolean {
    this.begin();
    const length = this.read(bytes, 0, end);
    const { target } = this;
    this.version = "2.0";
    const isPath = target.authorityStart === 0 && length === end;
    if (isPath && target.start === targetStart && target.end === targetEnd) return true;
    const isInTarget = this.refusal === undefined || this.#part === VERSION_TEXT;
    return isInTarget && this.#refuse("target-invalid");
  }

  #readParts(bytes: Buffer, head: number, end: number): boolean {
    return (
      (this.#part > METHOD || this.#readMethod(bytes, head, end)) &&
      (this.#part > PATH || this.#readPath(bytes, head, end)) &&
      (this.#part > QUERY || this.#readQuery(bytes, head, end)) &&
      this.#readVersion(bytes, head, end)
    );
  }

  #readEmptyLines(bytes: Buffer, head: number, end: number): boolean {
    while (head + this.#next < end) {
      const at = head + this.#next;
      if (bytes[at] !== CR) {
        this.start = this.#next;
        this.#part = METHOD;
        return true;
      }
      if (at + 1 === end) {
        return false;
      }
      if (bytes[at + 1] !== LF) {
        return this.#refuse("bare-carriage-return");
      }
      this.#emptyLines += 1;
      if (this.#emptyLines > EMPTY_LINES_MAX) {
        return this.#refuse("too-many-empty-lines");
      }
      this.#next += 2;
    }
    return false;
  }

  #readMethod(bytes: Buffer, head: number, end: number): boolean {
    const start = head + this.start;
    const limit = Math.min(end, start + METHOD_BYTES_MAX + 1);
    let at = head + this.#next;
    while (at < limit && TOKEN[bytes[at] as number] === 1) {
      at += 1;
    }
    this.#next = at - head;
    if (at === limit) {
      return limit === end && at - start <= METHOD_BYTES_MAX
        ? false
        : this.#refuse("method-invalid");
    }
    if (bytes[at] !== SP || at === start) {
      return this.#refuse(bytes[at] === LF ? "bare-line-feed" : "method-invalid");
    }
    const method = findMethod(bytes, start, at);
    if (method.refusal !== undefined) {
      this.refusal = method.refusal;
      return false;
    }
    this.method = method;
    this.#next += 1;
    this.target.begin(this.#next);
    this.#part = PATH;
    return true;
  }

  #readPath(bytes: Buffer, head: number, end: number): boolean {
    const at = this.target.readPath(bytes, head, head + this.#next, end);
    this.#next = at - head;
    if (at === end) {
      return false;
    }
    this.#part = QUERY;
    return true;
  }

  #readQuery(bytes: Buffer, head: number, end: number): boolean {
    const at = this.target.readQuery(bytes, head, head + this.#next, end);
    this.#next = at - head;
    if (at === end) {
      return false;
    }
    this.refusal = this.target.finish(bytes, head, this.method.name === "OPTIONS");
    this.#next += 1;
    this.#part = VERSION_TEXT;
    return this.refusal === undefined;
  }

  #readVersion(bytes: Buffer, head: number, end: number): boolean {
    const start = head + this.target.end + 1;
    const limit = Math.min(end, start + VERSION.length);
    let at = head + this.#next;
    for (; at < limit; at += 1) {
      const index = at - start;
      const isPlain = bytes[at] === VERSION[index] && index !== MINOR;
      if (!isPlain && !this.#isVersionByte(bytes, at, index)) {
        return false;
      }
    }
    this.#next = at - head;
    return at === start + VERSION.length;
  }

  #isVersionByte(bytes: Buffer, at: number, index: number): boolean {
    const byte = bytes[at] as number;
    const isDigitDue = index === MAJOR || index === MINOR;
    if (isDigitDue ? !isDigit(byte) : byte !== VERSION[index]) {
      return this.#refuse(byte === LF ? "bare-line-feed" : "version-invalid");
    }
    if (index !== MINOR) {
      return true;
    }
    this.version = byte === DIGIT_0 ? "1.0" : "1.1";
    const isTaken = bytes[at - 2] === DIGIT_1 && (byte === DIGIT_0 || byte === DIGIT_1);
    return isTaken || this.#refuse("version-unsupported");
  }

  #pending(): number {
    return this.refusal === undefined ? MORE : REFUSED;
  }

  #refuse(reason: RejectReason): false {
    this.refusal = REFUSALS[reason];
    return false;
  }
}
