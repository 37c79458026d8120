import type { AccessEntry } from "./entry.ts";
import type { LineBytes, Piece } from "./line-bytes.ts";

/** What a line tells, and when that began, in ms since 1970. */
export type LineContent = { readonly entry: AccessEntry; readonly wallMs: number };

/** One or more values of a line, with what stands between them. */
export interface LinePart {
  /** `last`: what the line before tells. undefined: that is not known any more. */
  write(bytes: LineBytes, told: LineContent, last: LineContent | undefined): void;
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

  /** `isOurs`: it is a word of ours, or a name, and needs no escapes. */
  constructor(around: Surround, read: (entry: AccessEntry) => string, isOurs: boolean) {
    this.#around = around;
    this.#read = read;
    this.#isOurs = isOurs;
  }

  write(bytes: LineBytes, { entry }: LineContent): void {
    const value = this.#read(entry);
    if (value === "") return writeAbsent(bytes, this.#around);
    bytes.piece(this.#around.before);
    if (this.#isOurs) bytes.ascii(value);
    else bytes.text(value);
    return bytes.piece(this.#around.after);
  }
}

/** A number. undefined: there is none. */
export class NumberPart implements LinePart {
  readonly #around: Surround;
  readonly #read: (entry: AccessEntry) => number | undefined;

  constructor(around: Surround, read: (entry: AccessEntry) => number | undefined) {
    this.#around = around;
    this.#read = read;
  }

  write(bytes: LineBytes, { entry }: LineContent): void {
    const value = this.#read(entry);
    if (value === undefined) return writeAbsent(bytes, this.#around);
    bytes.piece(this.#around.before);
    bytes.number(value);
    return bytes.piece(this.#around.after);
  }
}

/** When it began. */
export class TimePart implements LinePart {
  readonly #around: Surround;
  readonly #put: (wallMs: number, bytes: LineBytes) => void;

  /** `put`: writes a point in time, a whole number of ms since 1970. */
  constructor(around: Surround, put: (wallMs: number, bytes: LineBytes) => void) {
    this.#around = around;
    this.#put = put;
  }

  write(bytes: LineBytes, { wallMs }: LineContent): void {
    bytes.piece(this.#around.before);
    this.#put(Math.floor(wallMs), bytes);
    bytes.piece(this.#around.after);
  }
}

/**
 * Parts that follow each other and are often the same as in the line before: then they are copied
 * from there, which costs less than to write them again.
 */
export class SteadyParts implements LinePart {
  readonly #parts: readonly LinePart[];
  readonly #areSame: (told: LineContent, last: LineContent) => boolean;
  readonly #first: number;
  /** Where they were written last. */
  #start = 0;
  #end = 0;
  #epoch = -1;

  /**
   * `areSame`: whether they are the same in both. `first`: the byte that each of them begins with,
   * which may be replaced afterwards.
   */
  constructor(
    parts: readonly LinePart[],
    areSame: (told: LineContent, last: LineContent) => boolean,
    first: number,
  ) {
    this.#parts = parts;
    this.#areSame = areSame;
    this.#first = first;
  }

  write(bytes: LineBytes, told: LineContent, last: LineContent | undefined): void {
    const isThere = last !== undefined && this.#epoch === bytes.epoch;
    if (isThere && this.#areSame(told, last)) return this.#writeAgain(bytes);
    this.#start = bytes.length;
    this.#epoch = bytes.epoch;
    for (const part of this.#parts) part.write(bytes, told, undefined);
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
