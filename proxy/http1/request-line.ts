import {
  CR,
  LF,
  PERCENT,
  QUESTION,
  SLASH,
  SP,
  TOKEN,
  byteRange,
  equalsFolded,
  isDigit,
  isHexDigit,
} from "./bytes.ts";
import { hostEnd } from "./host.ts";
import {
  EMPTY_LINES_MAX,
  METHOD_BYTES_MAX,
  MORE,
  REFUSED,
  REQUEST_LINE_BYTES_MAX,
} from "./limits.ts";
import { NO_METHOD, findMethod } from "./methods.ts";
import type { Method } from "./methods.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";

const ASTERISK = 0x2a;
const HASH = 0x23;
const DIGIT_0 = 0x30;
const DIGIT_1 = 0x31;
const PLAIN = 1;
const ESCAPED = 2;
const SCHEMES = [Buffer.from("http://", "latin1"), Buffer.from("https://", "latin1")] as const;

/** The bytes of a target (RFC 9112 section 3.2): visible ASCII without `#`; `%` is ESCAPED. */
const QUERY_BYTE = byteRange(0x21, 0x7e);
QUERY_BYTE[HASH] = 0;
const PATH_BYTE = QUERY_BYTE.slice();
PATH_BYTE[QUESTION] = 0;
PATH_BYTE[PERCENT] = ESCAPED;

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
  minorVersion: 0 | 1 = 1;
  /** Where the line starts: after the empty lines. */
  start = 0;
  /** The target, as sent. */
  targetStart = 0;
  targetEnd = 0;
  /** Where the target's path starts and ends. Both are where it would be when it is left out. */
  pathStart = 0;
  pathEnd = 0;
  /** The authority of an absolute-form target, and where its host ends. 0: another form. */
  authorityStart = 0;
  authorityEnd = 0;
  authorityHostEnd = 0;
  /** `OPTIONS *`, or OPTIONS for an absolute target without path (RFC 9112 section 3.2.4). */
  asteriskForm = false;

  #part = EMPTY_LINES;
  /** The next byte to look at. */
  #next = 0;
  #emptyLines = 0;
  #pathClasses = PLAIN;

  /** Before a new head. */
  begin(): void {
    this.refusal = undefined;
    this.method = NO_METHOD;
    this.start = 0;
    this.authorityStart = 0;
    this.authorityEnd = 0;
    this.asteriskForm = false;
    this.#part = EMPTY_LINES;
    this.#next = 0;
    this.#emptyLines = 0;
    this.#pathClasses = PLAIN;
  }

  /**
   * Reads on in bytes[head, end), at the byte where the last call stopped.
   * Returns the length from `head` past the line's CRLF, MORE, or REFUSED.
   */
  read(bytes: Buffer, head: number, end: number): number {
    if (this.#part === EMPTY_LINES && !this.#readEmptyLines(bytes, head, end)) {
      return this.#pending();
    }
    // Nothing past the limit is looked at, so that the outcome does not depend on how bytes arrive.
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
    if (method === undefined || method.refusal !== undefined) {
      this.refusal = method?.refusal ?? REFUSALS["method-unknown"];
      return false;
    }
    this.method = method;
    this.#next += 1;
    this.targetStart = this.#next;
    this.#part = PATH;
    return true;
  }

  /** Reads the target up to its query, with all that may stand before the path. */
  #readPath(bytes: Buffer, head: number, end: number): boolean {
    let classes = this.#pathClasses;
    let at = head + this.#next;
    let found = 0;
    while (at < end && (found = PATH_BYTE[bytes[at] as number] as number) !== 0) {
      classes |= found;
      at += 1;
    }
    this.#next = at - head;
    this.#pathClasses = classes;
    if (at === end) {
      return false;
    }
    this.pathStart = this.targetStart;
    this.pathEnd = this.#next;
    this.#part = QUERY;
    return true;
  }

  #readQuery(bytes: Buffer, head: number, end: number): boolean {
    let at = head + this.#next;
    while (at < end && QUERY_BYTE[bytes[at] as number] === 1) {
      at += 1;
    }
    this.#next = at - head;
    if (at === end) {
      return false;
    }
    if (bytes[at] !== SP) {
      return this.#refuse(targetReason(bytes[at] as number));
    }
    this.targetEnd = this.#next;
    this.#next += 1;
    this.#part = VERSION_TEXT;
    return this.#takeTarget(bytes, head);
  }

  /** Finds out the target's form, now that it is whole. */
  #takeTarget(bytes: Buffer, head: number): boolean {
    const first = bytes[head + this.targetStart];
    if (first === ASTERISK && this.targetEnd === this.targetStart + 1) {
      this.asteriskForm = this.method.name === "OPTIONS";
      return this.asteriskForm || this.#refuse("target-invalid");
    }
    if (first !== SLASH && !this.#takeAuthority(bytes, head)) {
      return false;
    }
    return (
      (this.#pathClasses & ESCAPED) === 0 ||
      escapesAreValid(bytes, head + this.pathStart, head + this.pathEnd) ||
      this.#refuse("target-invalid")
    );
  }

  /** The scheme and authority of an absolute-form target (RFC 9112 section 3.2.2). */
  #takeAuthority(bytes: Buffer, head: number): boolean {
    const target = head + this.targetStart;
    const scheme = SCHEMES.find((each) => equalsFolded(bytes, target, target + each.length, each));
    if (scheme === undefined || this.pathEnd - this.targetStart < scheme.length) {
      return this.#refuse("target-invalid");
    }
    const start = target + scheme.length;
    const pathEnd = head + this.pathEnd;
    let end = start;
    while (end < pathEnd && bytes[end] !== SLASH) {
      end += 1;
    }
    const nameEnd = hostEnd(bytes, start, end);
    if (nameEnd === -1) {
      return this.#refuse("host-invalid");
    }
    this.authorityStart = start - head;
    this.authorityEnd = end - head;
    this.authorityHostEnd = nameEnd - head;
    this.pathStart = this.authorityEnd;
    this.asteriskForm = this.method.name === "OPTIONS" && this.authorityEnd === this.targetEnd;
    return true;
  }

  #readVersion(bytes: Buffer, head: number, end: number): boolean {
    const start = head + this.targetEnd + 1;
    let at = head + this.#next;
    for (; at < end && at < start + VERSION.length; at += 1) {
      if (!this.#isVersionByte(bytes, at, at - start)) {
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
    this.minorVersion = byte === DIGIT_0 ? 0 : 1;
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

function targetReason(byte: number): RejectReason {
  switch (byte) {
    case LF:
      return "bare-line-feed";
    case CR:
      return "version-invalid";
    default:
      return "target-invalid";
  }
}

/** Whether every `%` is followed by two hexadecimal digits, and none of the escapes is `%00`. */
function escapesAreValid(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    if (bytes[at] !== PERCENT) {
      continue;
    }
    const high = bytes[at + 1] as number;
    const low = bytes[at + 2] as number;
    if (at + 2 >= to || !isHexDigit(high) || !isHexDigit(low) || (high === 0x30 && low === 0x30)) {
      return false;
    }
  }
  return true;
}
