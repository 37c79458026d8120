import { latin1 } from "../base/latin1.ts";
import { DynamicTable } from "./dynamic-table.ts";
import type { TableState } from "./dynamic-table.ts";
import { kindOfName } from "./field-checks.ts";
import { HeaderField, headerField } from "./header-field.ts";
import type { HeaderList } from "./header-list.ts";
import { STATIC_ENTRIES } from "./hpack-tables.ts";
import { huffmanDecode } from "./huffman.ts";
import { BLOCK_BYTES_MAX, SIZE_UPDATES_MAX, TABLE_BYTES } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";

const STATIC_FIELDS: readonly HeaderField[] = STATIC_ENTRIES.map((entry) => headerField(...entry));

// What the first bits of a field say (RFC 7541 section 6), and the bits that an integer has left.
const INDEXED = 0x80;
const INDEXED_BITS = 7;
const KEPT = 0x40;
const KEPT_BITS = 6;
const SIZE_UPDATE = 0x20;
const SIZE_UPDATE_BITS = 5;
const SENSITIVE = 0x10;
const LITERAL_BITS = 4;
const HUFFMAN = 0x80;
const LENGTH_BITS = 7;

/** The shift of an integer's last byte: 28 bits are more than anything that we take. */
const SHIFT_MAX = 21;
const INVALID = -1;

/** Strings that were encoded, one at a time. The shortest code has 5 bits. */
const SCRATCH = Buffer.allocUnsafeSlow((BLOCK_BYTES_MAX * 8) / 5 + 1);

/** Reads the header blocks of one direction of a connection (RFC 7541). */
export class HpackDecoder {
  readonly #table = new DynamicTable(TABLE_BYTES);
  /** The next byte to look at. */
  #at = 0;
  // The string that was read last.
  #text: Buffer = SCRATCH;
  #textFrom = 0;
  #textTo = 0;

  /**
   * Decodes bytes[from, to), at most BLOCK_BYTES_MAX, into `list`. What the list has no room for is
   * decoded, too, because it changes the table. Returns what ends the connection.
   */
  decode(bytes: Buffer, from: number, to: number, list: HeaderList): Http2Fault | undefined {
    list.clear();
    this.#at = from;
    if (!this.#readSizeUpdates(bytes, to)) return FAULTS["h2-block-invalid"];
    while (this.#at < to) {
      const field = this.#readField(bytes, to);
      if (field === undefined) return FAULTS["h2-block-invalid"];
      if (!list.add(field)) return FAULTS["h2-header-bomb"];
    }
    return undefined;
  }

  /** Its table, for another process. */
  toState(): TableState {
    return this.#table.toState();
  }

  /** Goes on with the table of another process. */
  restore(state: TableState): void {
    this.#table.restore(state);
  }

  /** They come before all fields (section 4.2), and no table may be larger than we said. */
  #readSizeUpdates(bytes: Buffer, to: number): boolean {
    for (let count = 0; this.#isSizeUpdate(bytes, to); count += 1) {
      const size = this.#readInteger(bytes, to, SIZE_UPDATE_BITS);
      if (size === INVALID || size > TABLE_BYTES || count === SIZE_UPDATES_MAX) return false;
      this.#table.resize(size);
    }
    return true;
  }

  #isSizeUpdate(bytes: Buffer, to: number): boolean {
    return this.#at < to && (bytes[this.#at] as number) >>> SIZE_UPDATE_BITS === 1;
  }

  #readField(bytes: Buffer, to: number): HeaderField | undefined {
    const first = bytes[this.#at] as number;
    if (first >= INDEXED) return this.#entry(this.#readInteger(bytes, to, INDEXED_BITS));
    if (first >= KEPT) {
      const field = this.#readLiteral(bytes, to, KEPT_BITS);
      if (field !== undefined) this.#table.add(field);
      return field;
    }
    // A size update behind a field.
    if (first >= SIZE_UPDATE) return undefined;
    const field = this.#readLiteral(bytes, to, LITERAL_BITS);
    if (field !== undefined) field.isSensitive = first >= SENSITIVE;
    return field;
  }

  /** undefined also for INVALID and for 0, which nothing has (section 6.1). */
  #entry(index: number): HeaderField | undefined {
    if (index <= 0) return undefined;
    return index <= STATIC_FIELDS.length
      ? STATIC_FIELDS[index - 1]
      : this.#table.at(index - STATIC_FIELDS.length);
  }

  #readLiteral(bytes: Buffer, to: number, prefixBits: number): HeaderField | undefined {
    const index = this.#readInteger(bytes, to, prefixBits);
    if (index === 0) return this.#readNamed(bytes, to);
    const known = this.#entry(index);
    if (known === undefined || !this.#readText(bytes, to)) return undefined;
    return new HeaderField(known.name, known.kind, this.#text, this.#textFrom, this.#textTo);
  }

  #readNamed(bytes: Buffer, to: number): HeaderField | undefined {
    if (!this.#readText(bytes, to)) return undefined;
    const name = latin1(this.#text, this.#textFrom, this.#textTo);
    const kind = kindOfName(this.#text, this.#textFrom, this.#textTo);
    if (!this.#readText(bytes, to)) return undefined;
    return new HeaderField(name, kind, this.#text, this.#textFrom, this.#textTo);
  }

  /** A string (section 5.2). false: it is not whole, or not rightly encoded. */
  #readText(bytes: Buffer, to: number): boolean {
    if (this.#at >= to) return false;
    const isEncoded = (bytes[this.#at] as number) >= HUFFMAN;
    const length = this.#readInteger(bytes, to, LENGTH_BITS);
    const from = this.#at;
    if (length === INVALID || length > to - from) return false;
    this.#at = from + length;
    if (!isEncoded) {
      this.#text = bytes;
      this.#textFrom = from;
      this.#textTo = this.#at;
      return true;
    }
    this.#text = SCRATCH;
    this.#textFrom = 0;
    this.#textTo = huffmanDecode(bytes, from, this.#at, SCRATCH);
    return this.#textTo !== INVALID;
  }

  /** An integer that begins in the low bits of a byte (section 5.1). */
  #readInteger(bytes: Buffer, to: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (bytes[this.#at] as number) & mask;
    this.#at += 1;
    if (value < mask) return value;
    for (let shift = 0; shift <= SHIFT_MAX && this.#at < to; shift += 7) {
      const byte = bytes[this.#at] as number;
      this.#at += 1;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return INVALID;
  }
}
