import { headerField } from "./header-field.ts";
import type { HeaderField } from "./header-field.ts";

/** Entries that are gone are let go of when there are this many, and as many as are left. */
const GONE_MIN = 32;

/** A table on its way to another process: its size, and its fields, the oldest first. */
export type TableState = {
  readonly bytesMax: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
};

/**
 * The fields that a peer's encoder has put aside (RFC 7541 section 2.3.2). Its entries are bounded
 * by its size: each counts 32 bytes more than its text.
 */
export class DynamicTable {
  /** The newest last; the first `#gone` were evicted. */
  #entries: HeaderField[] = [];
  #gone = 0;
  #bytes = 0;
  #bytesMax: number;

  /** `bytesMax`: its size in the sense of RFC 7541 section 4.1. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The entry with this index, 1 being the newest. undefined: there is none. */
  at(index: number): HeaderField | undefined {
    const place = this.#entries.length - index;
    return place < this.#gone ? undefined : this.#entries[place];
  }

  /** Adds an entry; one that is larger than the table only empties it (section 4.4). */
  add(field: HeaderField): void {
    this.#makeRoom(this.#bytesMax - field.bytes);
    if (field.bytes > this.#bytesMax) return;
    this.#entries.push(field);
    this.#bytes += field.bytes;
  }

  /** Changes its size (section 4.3). */
  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#makeRoom(bytesMax);
  }

  /** For another process. */
  toState(): TableState {
    const fields = this.#entries.slice(this.#gone);
    return {
      bytesMax: this.#bytesMax,
      fields: fields.map(({ name, value }) => [name, value] as const),
    };
  }

  /** Goes on with the table of another process. */
  restore(state: TableState): void {
    this.resize(state.bytesMax);
    for (const [name, value] of state.fields) this.add(headerField(name, value));
  }

  /** Evicts until the entries take at most `bytes`; below 0 it is as 0. */
  #makeRoom(bytes: number): void {
    while (this.#bytes > bytes && this.#gone < this.#entries.length) {
      this.#bytes -= (this.#entries[this.#gone] as HeaderField).bytes;
      this.#gone += 1;
    }
    if (this.#gone >= GONE_MIN && this.#gone * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#gone);
      this.#gone = 0;
    }
  }
}
