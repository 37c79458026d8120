import type { AccessEntry } from "./entry.ts";
import type { LineBytes, Piece } from "./line-bytes.ts";

/** One or more values of a line, with what stands between them. */
export interface LinePart {
  /** Takes the values of this entry. `wallMs`: when it began. true: not those of the one before. */
  take(entry: AccessEntry, wallMs: number): boolean;
  /** Writes what it has taken. */
  write(bytes: LineBytes): void;
}

/** What stands around a value. */
export type Surround = {
  readonly before: Piece;
  readonly after: Piece;
  /** Stands for a value that there is not. undefined: then nothing is written at all. */
  readonly absent: Piece | undefined;
};

function writeAbsent(bytes: LineBytes, { before, absent, after }: Surround): void {
  if (absent === undefined) return;
  bytes.piece(before);
  bytes.piece(absent);
  bytes.piece(after);
}

/** A text. "": there is none. */
export class TextPart implements LinePart {
  readonly #around: Surround;
  readonly #read: (entry: AccessEntry) => string;
  readonly #isOurs: boolean;
  #value = "";

  /** `isOurs`: it is a word of ours, or a name, and needs no escapes. */
  constructor(around: Surround, read: (entry: AccessEntry) => string, isOurs: boolean) {
    this.#around = around;
    this.#read = read;
    this.#isOurs = isOurs;
  }

  take(entry: AccessEntry): boolean {
    const before = this.#value;
    this.#value = this.#read(entry);
    return before !== this.#value;
  }

  write(bytes: LineBytes): void {
    if (this.#value === "") return writeAbsent(bytes, this.#around);
    bytes.piece(this.#around.before);
    if (this.#isOurs) bytes.ascii(this.#value);
    else bytes.text(this.#value);
    return bytes.piece(this.#around.after);
  }
}

/** A number. undefined: there is none. */
export class NumberPart implements LinePart {
  readonly #around: Surround;
  readonly #read: (entry: AccessEntry) => number | undefined;
  #value: number | undefined;

  constructor(around: Surround, read: (entry: AccessEntry) => number | undefined) {
    this.#around = around;
    this.#read = read;
  }

  take(entry: AccessEntry): boolean {
    const before = this.#value;
    this.#value = this.#read(entry);
    return before !== this.#value;
  }

  write(bytes: LineBytes): void {
    if (this.#value === undefined) return writeAbsent(bytes, this.#around);
    bytes.piece(this.#around.before);
    bytes.number(this.#value);
    return bytes.piece(this.#around.after);
  }
}

/** When it began. */
export class TimePart implements LinePart {
  readonly #around: Surround;
  readonly #put: (wallMs: number, bytes: LineBytes) => void;
  #ms = 0;

  /** `put`: writes a point in time, a whole number of ms since 1970. */
  constructor(around: Surround, put: (wallMs: number, bytes: LineBytes) => void) {
    this.#around = around;
    this.#put = put;
  }

  take(_entry: AccessEntry, wallMs: number): boolean {
    const before = this.#ms;
    this.#ms = Math.floor(wallMs);
    return before !== this.#ms;
  }

  write(bytes: LineBytes): void {
    bytes.piece(this.#around.before);
    this.#put(this.#ms, bytes);
    bytes.piece(this.#around.after);
  }
}

/**
 * Parts that follow each other and are often the same as in the line before: then they are copied
 * from there, which costs less than to write them again.
 */
export class SteadyParts implements LinePart {
  readonly #parts: readonly LinePart[];
  readonly #first: number;
  #isSame = false;
  /** Where they were written last. */
  #start = 0;
  #end = 0;
  #epoch = -1;

  /** `first`: the byte that each of them begins with, which may be replaced afterwards. */
  constructor(parts: readonly LinePart[], first: number) {
    this.#parts = parts;
    this.#first = first;
  }

  take(entry: AccessEntry, wallMs: number): boolean {
    let isSame = true;
    for (const part of this.#parts) if (part.take(entry, wallMs)) isSame = false;
    this.#isSame = isSame;
    return !isSame;
  }

  write(bytes: LineBytes): void {
    if (this.#isSame && this.#epoch === bytes.epoch) return this.#writeAgain(bytes);
    this.#start = bytes.length;
    this.#epoch = bytes.epoch;
    for (const part of this.#parts) part.write(bytes);
    this.#end = bytes.length;
    return undefined;
  }

  #writeAgain(bytes: LineBytes): void {
    if (this.#end === this.#start) return;
    const { length } = bytes;
    bytes.again(this.#start, this.#end);
    bytes.replace(length, this.#first);
  }
}
