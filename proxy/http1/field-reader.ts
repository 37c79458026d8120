import { COLON, CR, FIELD_VALUE, LF, NAME_BYTE, isBlank, skipBlanks, trimBlanks } from "./bytes.ts";
import type { FieldLines } from "./field-lines.ts";
import { AMBIGUOUS, fieldKind } from "./field-names.ts";
import { MORE, REFUSED } from "./limits.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal, RejectReason } from "./refusal.ts";

/**
 * Reads the field lines of one head or trailer section (RFC 9112 section 5) into FieldLines. All
 * positions are relative to the head's first byte, so that the bytes may move between reads.
 */
export class FieldReader {
  /** Why read() returned REFUSED. */
  refusal: Refusal | undefined;

  readonly #fields: FieldLines;
  /**
   * Start of the line that is being read, its colon (0: not seen), and the next byte to look at.
   */
  #line = 0;
  #colon = 0;
  #next = 0;

  /** `fields`: where the lines are written down. */
  constructor(fields: FieldLines) {
    this.#fields = fields;
  }

  /** Before a new section, whose first line starts `at` bytes after the head. */
  begin(at: number): void {
    this.refusal = undefined;
    this.#fields.clear(at);
    this.#beginLine(at);
  }

  /**
   * Reads on in bytes[head, end), at the byte where the last call stopped.
   * Returns the length from `head` past the empty line that ends the section, MORE, or REFUSED.
   */
  read(bytes: Buffer, head: number, end: number): number {
    while (head + this.#line < end) {
      const line = head + this.#line;
      if (bytes[line] === CR) {
        return this.#readEnd(bytes, line, head, end);
      }
      const valueEnd = this.#readLine(bytes, line, head, end);
      if (valueEnd <= 0) {
        return valueEnd;
      }
      if (!this.#note(bytes, head, valueEnd)) {
        return REFUSED;
      }
      this.#beginLine(valueEnd + 2 - head);
    }
    return MORE;
  }

  #beginLine(at: number): void {
    this.#line = at;
    this.#next = at;
    this.#colon = 0;
  }

  /** The empty line that ends the section. */
  #readEnd(bytes: Buffer, line: number, head: number, end: number): number {
    if (line + 1 >= end) {
      return MORE;
    }
    if (bytes[line + 1] !== LF) {
      return this.#refuse("bare-carriage-return");
    }
    this.#fields.end = line - head;
    return line - head + 2;
  }

  /** Returns the index of the CRLF that ends the line, MORE, or REFUSED. */
  #readLine(bytes: Buffer, line: number, head: number, end: number): number {
    let at = head + this.#next;
    if (this.#colon === 0) {
      while (at < end && NAME_BYTE[bytes[at] as number] !== 0) {
        at += 1;
      }
      if (at === end) {
        return this.#pause(at - head);
      }
      if (bytes[at] !== COLON || at === line) {
        return this.#refuse(nameReason(bytes, line, at));
      }
      this.#colon = at - head;
      at += 1;
    }
    while (at < end && FIELD_VALUE[bytes[at] as number] === 1) {
      at += 1;
    }
    if (at === end || (bytes[at] === CR && at + 1 === end)) {
      return this.#pause(at - head);
    }
    if (bytes[at] !== CR || bytes[at + 1] !== LF) {
      return this.#refuse(valueReason(bytes[at] as number));
    }
    return at;
  }

  /** Writes down the line that has been read, whose CRLF is at `lineEnd`. */
  #note(bytes: Buffer, head: number, lineEnd: number): boolean {
    const fields = this.#fields;
    const line = this.#line;
    const colon = this.#colon;
    const kind = fieldKind(bytes, head + line, head + colon);
    if (kind === AMBIGUOUS || fields.count === fields.max) {
      const isFull = fields.count === fields.max;
      this.#refuse(isFull ? "too-many-fields" : "field-name-ambiguous");
      return false;
    }
    const value = skipBlanks(bytes, head + colon + 1, lineEnd);
    fields.add(line, colon, value - head, trimBlanks(bytes, value, lineEnd) - head, kind);
    return true;
  }

  #pause(at: number): number {
    this.#next = at;
    return MORE;
  }

  #refuse(reason: RejectReason): number {
    this.refusal = REFUSALS[reason];
    return REFUSED;
  }
}

function nameReason(bytes: Buffer, line: number, at: number): RejectReason {
  const byte = bytes[at] as number;
  if (byte === LF) {
    return "bare-line-feed";
  }
  return at === line && isBlank(byte) ? "line-folding" : "field-name-invalid";
}

function valueReason(byte: number): RejectReason {
  switch (byte) {
    case CR:
      return "bare-carriage-return";
    case LF:
      return "bare-line-feed";
    default:
      return "field-value-invalid";
  }
}
