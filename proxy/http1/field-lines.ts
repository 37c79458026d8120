import { latin1 } from "../base/latin1.ts";
import { HASH_START, hashStep } from "../table/hash.ts";
import { Field } from "./field-names.ts";
import { FIELDS_MAX } from "./limits.ts";

// Numbers kept a field. 16 bits do: no head is longer than 65 535 bytes.
const LINE = 0;
const NAME_END = 1;
const VALUE = 2;
const VALUE_END = 3;
const KIND = 4;
const NUMBERS_A_FIELD = 5;
/** Most arrays of numbers of a length that are kept for the next heads. */
const SPARE_MAX = 64;
/** What a head has that is not being read. */
const NOTHING = new Uint16Array(0);
/** Kinds have 5 bits. */
const KIND_BITS = 0x1f;

/**
 * Added to the kind of a field: its sender wants it in no table, all the way (RFC 7541 section
 * 7.1.3).
 */
export const SENSITIVE = 0x20;

/**
 * Arrays for the next heads, by how many fields these may have. A head has one only from its first
 * line on until it is of no use: the last one that was given back is still in the processor's
 * caches, where one of each head's own would have gone cold since its last message.
 */
const spare = new Map<number, Uint16Array[]>();

/**
 * The field lines of one head or trailer section (RFC 9112 section 5), kept as ranges by a
 * FieldReader. All positions are relative to the head's first byte. Names are plain data: nothing
 * here is keyed by them.
 */
export class FieldLines {
  /** Field lines read. */
  count = 0;
  /** Kinds that occur, as a fieldSet. */
  seen = 0;
  /** Kinds that occur more than once, as a fieldSet. */
  repeated = 0;
  /** Where the first line starts. */
  start = 0;
  /** Where the empty line starts that ends the section. */
  end = 0;
  /** The head as latin1 text, set by keepText(): positions in it are the same. */
  text = "";

  /** Most field lines that there is room for. */
  readonly max: number;
  readonly #spare: Uint16Array[];
  #ranges: Uint16Array = NOTHING;

  constructor(max = FIELDS_MAX) {
    this.max = max;
    this.#spare = spare.get(max) ?? [];
    spare.set(max, this.#spare);
  }

  /** Before a new section, whose first line starts `at` bytes after the head. */
  clear(at: number): void {
    this.count = 0;
    this.seen = 0;
    this.repeated = 0;
    this.start = at;
    if (this.#ranges === NOTHING) {
      this.#ranges = this.#spare.pop() ?? new Uint16Array(this.max * NUMBERS_A_FIELD);
    }
  }

  /** Nothing is left of the section, and nothing may be asked of it before the next clear(). */
  forget(): void {
    this.text = "";
    this.count = 0;
    this.seen = 0;
    this.repeated = 0;
    if (this.#ranges !== NOTHING && this.#spare.length < SPARE_MAX) this.#spare.push(this.#ranges);
    this.#ranges = NOTHING;
  }

  /**
   * Records one more field line; there must be room. `kind`: of fieldKind(), or SENSITIVE. The line
   * starts at `line`, its name ends at `nameEnd`, and its value is at [value, valueEnd).
   */
  add(line: number, nameEnd: number, value: number, valueEnd: number, kind: number): void {
    const ranges = this.#ranges;
    const at = this.count * NUMBERS_A_FIELD;
    ranges[at + LINE] = line;
    ranges[at + NAME_END] = nameEnd;
    ranges[at + VALUE] = value;
    ranges[at + VALUE_END] = valueEnd;
    ranges[at + KIND] = kind;
    this.count += 1;
    this.repeated |= this.seen & (1 << kind);
    this.seen |= 1 << kind;
  }

  /** Keeps the head's `length` bytes as text, after which the buffer may be overwritten. */
  keepText(bytes: Buffer, head: number, length: number): void {
    this.text = latin1(bytes, head, head + length);
  }

  /** Where the line of field `index` starts; for `count`, where the section's lines end. */
  lineStart(index: number): number {
    return index === this.count ? this.end : this.#number(index, LINE);
  }

  /** Where the value of field `index` starts, white space skipped. */
  valueStart(index: number): number {
    return this.#number(index, VALUE);
  }

  /** Where the value of field `index` ends, white space skipped. */
  valueEnd(index: number): number {
    return this.#number(index, VALUE_END);
  }

  /** What field `index` is known by: a number of Field. */
  kind(index: number): number {
    return this.#number(index, KIND) & KIND_BITS;
  }

  /** Whether field `index` was added as SENSITIVE. */
  isSensitive(index: number): boolean {
    return (this.#number(index, KIND) & SENSITIVE) !== 0;
  }

  /** Whether a field of this kind occurs. */
  has(kind: number): boolean {
    return (this.seen & (1 << kind)) !== 0;
  }

  /** Whether a field of this kind occurs more than once. */
  hasTwice(kind: number): boolean {
    return (this.repeated & (1 << kind)) !== 0;
  }

  /** The index of the first field of this kind at or after `from`, or -1. */
  indexOf(kind: number, from = 0): number {
    for (let index = from; index < this.count; index += 1) {
      if (this.kind(index) === kind) return index;
    }
    return -1;
  }

  /** Whether field `index` has this lower-case name. Needs keepText(). */
  isNamed(index: number, name: string): boolean {
    const start = this.#number(index, LINE);
    if (this.#number(index, NAME_END) - start !== name.length) return false;
    // From the end: names of one family begin alike.
    for (let at = name.length - 1; at >= 0; at -= 1) {
      const byte = this.text.charCodeAt(start + at);
      if (byte !== name.charCodeAt(at) && lowerCase(byte) !== name.charCodeAt(at)) return false;
    }
    return true;
  }

  /** The name of field `index`, as sent. Needs keepText(). */
  name(index: number): string {
    return this.text.slice(this.#number(index, LINE), this.#number(index, NAME_END));
  }

  /** The hashRange() of the name of field `index` in lower case. Needs keepText(). */
  nameHash(index: number): number {
    return lowerHash(this.text, this.#number(index, LINE), this.#number(index, NAME_END));
  }

  /** The value of field `index`. Needs keepText(). */
  value(index: number): string {
    return this.text.slice(this.#number(index, VALUE), this.#number(index, VALUE_END));
  }

  /**
   * The values of all lines with this lower-case name, joined; undefined: none. Needs keepText().
   */
  valueOf(name: string, separator: string): string | undefined {
    let found: string | undefined;
    for (let index = 0; index < this.count; index += 1) {
      if (this.isNamed(index, name)) {
        found = found === undefined ? this.value(index) : found + separator + this.value(index);
      }
    }
    return found;
  }

  /** The values of all lines of this kind, joined with ", "; undefined: none. Needs keepText(). */
  valueOfKind(kind: number): string | undefined {
    let index = this.has(kind) ? this.indexOf(kind) : -1;
    if (index === -1) return undefined;
    let found = this.value(index);
    while ((index = this.indexOf(kind, index + 1)) !== -1) {
      found += `, ${this.value(index)}`;
    }
    return found;
  }

  /**
   * Marks every field without a kind whose name is bytes[from, to), in any case, as Field.named.
   */
  markNamed(bytes: Buffer, head: number, from: number, to: number): void {
    for (let index = 0; index < this.count; index += 1) {
      const line = head + this.#number(index, LINE);
      const length = this.#number(index, NAME_END) - this.#number(index, LINE);
      if (this.kind(index) === Field.other && length === to - from) {
        if (sameName(bytes, line, from, length)) {
          this.#ranges[index * NUMBERS_A_FIELD + KIND] = Field.named;
          this.seen |= 1 << Field.named;
        }
      }
    }
  }

  /** The text from `from` to the section's end without the lines of these kinds (a fieldSet). */
  textWithout(dropped: number, from: number): string {
    if ((this.seen & dropped) === 0) return this.text.slice(from, this.end);
    let kept = "";
    let keptFrom = from;
    for (let index = 0; index < this.count; index += 1) {
      if (((dropped >>> this.kind(index)) & 1) !== 0) {
        const line = this.lineStart(index);
        if (line > keptFrom) {
          kept += this.text.slice(keptFrom, line);
        }
        keptFrom = this.lineStart(index + 1);
      }
    }
    return kept + this.text.slice(keptFrom, this.end);
  }

  #number(index: number, which: number): number {
    return this.#ranges[index * NUMBERS_A_FIELD + which] as number;
  }
}

function lowerHash(text: string, from: number, to: number): number {
  let hash = HASH_START;
  for (let at = from; at < to; at += 1) hash = hashStep(hash, lowerCase(text.charCodeAt(at)));
  return hash;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function sameName(bytes: Buffer, one: number, other: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) {
    if (lowerCase(bytes[one + index] as number) !== lowerCase(bytes[other + index] as number))
      return false;
  }
  return true;
}
