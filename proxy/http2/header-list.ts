import type { HeaderField } from "./header-field.ts";
import { LIST_EXCESS_MAX } from "./limits.ts";

/**
 * The fields of one header block, in order. One object for each connection, which the next block
 * overwrites.
 */
export class HeaderList {
  /** `[0, count)` are this block's; those behind are left over. */
  readonly fields: HeaderField[] = [];
  count = 0;
  /** Size of the list as RFC 9113 section 6.5.2 counts it, with what was left out. */
  bytes = 0;
  /** It is larger than it may be, so that fields were left out. */
  tooLarge = false;
  /** It has more fields than it may have, so that some were left out. */
  tooMany = false;

  readonly #bytesMax: number;
  readonly #fieldsMax: number;

  /** Bounds of what is kept. */
  constructor(bytesMax: number, fieldsMax: number) {
    this.#bytesMax = bytesMax;
    this.#fieldsMax = fieldsMax;
  }

  /** Before a block. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
    this.tooLarge = false;
    this.tooMany = false;
  }

  /** Adds one more field. false: it goes so far over its bound that nobody sends it in earnest. */
  add(field: HeaderField): boolean {
    this.bytes += field.bytes;
    if (this.bytes > this.#bytesMax) this.tooLarge = true;
    else if (this.count === this.#fieldsMax) this.tooMany = true;
    else this.#keep(field);
    return this.bytes <= this.#bytesMax * LIST_EXCESS_MAX;
  }

  /** The field at this place, below `count`. */
  at(index: number): HeaderField {
    return this.fields[index] as HeaderField;
  }

  /** Its fields as HTTP/1.1 has them, a line each. */
  get lines(): string {
    let lines = "";
    for (let index = 0; index < this.count; index += 1) lines += this.at(index).line;
    return lines;
  }

  #keep(field: HeaderField): void {
    this.fields[this.count] = field;
    this.count += 1;
  }
}
