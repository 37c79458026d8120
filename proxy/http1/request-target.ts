import { isUtf8 } from "node:buffer";
import {
  CR,
  LF,
  PERCENT,
  QUESTION,
  SLASH,
  SP,
  byteRange,
  equalsFolded,
  isHexDigit,
} from "./bytes.ts";
import { hostEnd } from "./host.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";

const ASTERISK = 0x2a;
const HASH = 0x23;
const DIGIT_0 = 0x30;
const PLAIN = 1;
const ESCAPED = 2;
const RAW = 4;
const SCHEMES = [Buffer.from("http://", "latin1"), Buffer.from("https://", "latin1")] as const;

/**
 * The bytes of a target (RFC 9112 section 3.2): visible ASCII without `#`; in a path `%` is
 * ESCAPED. No URI has RAW ones.
 */
const QUERY_BYTE = byteRange(0x21, 0x7e).fill(RAW, 0x80);
QUERY_BYTE[HASH] = 0;
const PATH_BYTE = QUERY_BYTE.slice();
PATH_BYTE[QUESTION] = 0;
PATH_BYTE[PERCENT] = ESCAPED;

/**
 * The target of a request (RFC 9112 section 3.2), read in two parts: up to its query, then the
 * query. All positions are relative to the head's first byte.
 */
export class RequestTarget {
  /** As sent. */
  start = 0;
  end = 0;
  /** Where the path starts and ends. Both are where it would be when it is left out. */
  pathStart = 0;
  pathEnd = 0;
  /** The authority of an absolute-form target, and where its host ends. 0: another form. */
  authorityStart = 0;
  authorityEnd = 0;
  authorityHostEnd = 0;
  /** `OPTIONS *`, or OPTIONS for an absolute target without path (RFC 9112 section 3.2.4). */
  asteriskForm = false;

  #classes = PLAIN;

  /** It has bytes of UTF-8 that no URI has (RFC 3986 section 2.1). */
  get hasRaw(): boolean {
    return (this.#classes & RAW) !== 0;
  }

  /** Before a new head. */
  clear(): void {
    this.authorityStart = 0;
    this.authorityEnd = 0;
    this.authorityHostEnd = 0;
    this.asteriskForm = false;
    this.#classes = PLAIN;
  }

  /** It starts `at` bytes after the head. */
  begin(at: number): void {
    this.start = at;
  }

  /**
   * Reads on in bytes[from, end) with all that may stand before the path. Returns the index past
   * the path. `end`: it may go on.
   */
  readPath(bytes: Buffer, head: number, from: number, end: number): number {
    let classes = this.#classes;
    let at = from;
    let found = 0;
    while (at < end && (found = PATH_BYTE[bytes[at] as number] as number) !== 0) {
      classes |= found;
      at += 1;
    }
    this.#classes = classes;
    this.pathStart = this.start;
    this.pathEnd = at - head;
    return at;
  }

  /** Like readPath(), for the query with its question mark. */
  readQuery(bytes: Buffer, head: number, from: number, end: number): number {
    let classes = this.#classes;
    let at = from;
    let found = 0;
    while (at < end && (found = QUERY_BYTE[bytes[at] as number] as number) !== 0) {
      classes |= found;
      at += 1;
    }
    this.#classes = classes;
    this.end = at - head;
    return at;
  }

  /** Determines its form, now that it is complete. Returns the rule that it breaks. */
  finish(bytes: Buffer, head: number, isOptions: boolean): Refusal | undefined {
    const after = bytes[head + this.end] as number;
    if (after !== SP) {
      return REFUSALS[reasonFor(after)];
    }
    const first = bytes[head + this.start];
    if (first === ASTERISK && this.end === this.start + 1) {
      this.asteriskForm = isOptions;
      return isOptions ? undefined : REFUSALS["target-invalid"];
    }
    const refusal = first === SLASH ? undefined : this.#readAuthority(bytes, head, isOptions);
    if (refusal !== undefined) {
      return refusal;
    }
    const isValid =
      ((this.#classes & ESCAPED) === 0 ||
        escapesAreValid(bytes, head + this.pathStart, head + this.pathEnd)) &&
      (!this.hasRaw || isUtf8(bytes.subarray(head + this.start, head + this.end)));
    return isValid ? undefined : REFUSALS["target-invalid"];
  }

  /** The scheme and authority of an absolute-form target (RFC 9112 section 3.2.2). */
  #readAuthority(bytes: Buffer, head: number, isOptions: boolean): Refusal | undefined {
    const target = head + this.start;
    const scheme = SCHEMES.find((each) => equalsFolded(bytes, target, target + each.length, each));
    if (scheme === undefined || this.pathEnd - this.start < scheme.length) {
      return REFUSALS["target-invalid"];
    }
    const start = target + scheme.length;
    const pathEnd = head + this.pathEnd;
    let end = start;
    while (end < pathEnd && bytes[end] !== SLASH) {
      end += 1;
    }
    const nameEnd = hostEnd(bytes, start, end);
    if (nameEnd === -1) {
      return REFUSALS["host-invalid"];
    }
    this.authorityStart = start - head;
    this.authorityEnd = end - head;
    this.authorityHostEnd = nameEnd - head;
    this.pathStart = this.authorityEnd;
    this.asteriskForm = isOptions && this.authorityEnd === this.end;
    return undefined;
  }
}

function reasonFor(byte: number): RejectReason {
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
    if (
      at + 2 >= to ||
      !isHexDigit(high) ||
      !isHexDigit(low) ||
      (high === DIGIT_0 && low === DIGIT_0)
    ) {
      return false;
    }
  }
  return true;
}
