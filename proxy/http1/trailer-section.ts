import type { DecodedField, DecodedFields } from "./decoded-head.ts";
import { FieldLines } from "./field-lines.ts";
import { FieldReader } from "./field-reader.ts";
import { Field } from "./field-names.ts";
import { MORE, REFUSED, REQUEST_HEAD_BYTES_MAX } from "./limits.ts";

/** At most as long as a request's head. */
const TRAILER_BYTES_MAX = REQUEST_HEAD_BYTES_MAX;

/**
 * Fields that must not come after the body, besides all that have a Field kind: authentication,
 * state, control data and content format (RFC 9110 section 6.5.1).
 */
const HEAD_ONLY = new Set([
  "authentication-info",
  "cache-control",
  "content-encoding",
  "content-range",
  "content-type",
  "location",
  "proxy-authentication-info",
  "range",
  "set-cookie",
  "www-authenticate",
]);

/**
 * The trailer section of a chunked body (RFC 9112 section 7.1.2), held back until it is complete,
 * so that only permitted fields are passed on.
 */
export class TrailerSection {
  /** Once it is whole: the section without what is dropped, final CRLF included. */
  text = "";

  readonly #fields = new FieldLines();
  readonly #reader = new FieldReader(this.#fields);
  readonly #keepsFields: boolean;
  /** The beginning of a section that arrives in several pieces. */
  #held: Buffer | undefined;
  #heldBytes = 0;

  /** `keepsFields`: false drops all of them. */
  constructor(keepsFields: boolean) {
    this.#keepsFields = keepsFields;
    this.#reader.begin(0);
  }

  /**
   * Reads on in bytes[start, end), which follows what was read before. Returns the index past the
   * section's end, MORE, or REFUSED: an invalid field, too many fields, or too long a section.
   */
  read(bytes: Buffer, start: number, end: number): number {
    const heldBytes = this.#heldBytes;
    const limit = Math.min(end, start + TRAILER_BYTES_MAX - heldBytes);
    const length =
      this.#held === undefined
        ? this.#reader.read(bytes, start, limit)
        : this.#readHeld(this.#held, bytes.subarray(start, limit));
    if (length === MORE) {
      return this.#hold(bytes, start, limit);
    }
    if (length === REFUSED) {
      return REFUSED;
    }
    this.#finish(this.#held ?? bytes, this.#held === undefined ? start : 0, length);
    return start + length - heldBytes;
  }

  #readHeld(held: Buffer, more: Buffer): number {
    held.set(more, this.#heldBytes);
    return this.#reader.read(held, 0, this.#heldBytes + more.length);
  }

  #hold(bytes: Buffer, start: number, limit: number): number {
    if (this.#held === undefined) {
      this.#held = Buffer.allocUnsafeSlow(TRAILER_BYTES_MAX);
      this.#held.set(bytes.subarray(start, limit));
    }
    this.#heldBytes += limit - start;
    return this.#heldBytes === TRAILER_BYTES_MAX ? REFUSED : MORE;
  }

  #finish(bytes: Buffer, start: number, length: number): void {
    const fields = this.#fields;
    fields.keepText(bytes, start, length);
    this.#held = undefined;
    this.text = this.#keepsFields ? `${keptLines(fields)}\r\n` : "\r\n";
  }
}

/** The trailers that came decoded and may be passed on, as field lines. */
export function keptTrailers({ fields, count }: DecodedFields): string {
  let kept = "";
  for (let index = 0; index < count; index += 1) {
    const { name, kind, line } = fields[index] as DecodedField;
    if (kind === Field.other && !HEAD_ONLY.has(name)) kept += line;
  }
  return kept;
}

/** The field lines in the `tail` of a body in chunks: see BodyScanner. */
export function linesOfTail(tail: string): string {
  return tail.slice(0, -2);
}

function keptLines(fields: FieldLines): string {
  let kept = "";
  for (let index = 0; index < fields.count; index += 1) {
    const name = fields.name(index).toLowerCase();
    if (fields.kind(index) === Field.other && !HEAD_ONLY.has(name)) {
      kept += fields.text.slice(fields.lineStart(index), fields.lineStart(index + 1));
    }
  }
  return kept;
}
