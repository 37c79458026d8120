import { TEXT_CHARS_MAX, escaped } from "../base/escaped.ts";

/**
 * Bytes that are copied at once, as a double in the machine's order: nothing is as fast. Only a NaN
 * would not stay as it is, and of ASCII there is none.
 */
const STRIDE = 8;
const IS_LITTLE_ENDIAN = true;

/** What the numbers of one digit begin at in ASCII. */
const ZERO = 0x30;

/** A text of ours in ASCII that stands in many lines. */
export class Piece {
  /** In bytes, without what fills it up. */
  readonly length: number;
  /** Filled up to whole strides. */
  readonly view: DataView;

  constructor(text: string) {
    this.length = text.length;
    const bytes = new Uint8Array(text.length + STRIDE);
    bytes.set(Buffer.from(text, "latin1"));
    this.view = new DataView(bytes.buffer);
  }
}

/**
 * Where a line is written, in ASCII. What finds no room is not written, but counted: `length` says
 * how long the line would have become. So a line costs no string, and nothing for the collector.
 */
export class LineBytes {
  /** End of what is written, or would have been. */
  length = 0;
  /** As long as it is the same one, what was written is still there. */
  epoch = 0;
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(this.#bytes.buffer);

  /** From now on it goes on here, in noughts or ASCII. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.length = 0;
    this.forget();
  }

  /** Nothing of what is there is to be written again(). */
  forget(): void {
    this.epoch += 1;
  }

  piece(piece: Piece): void {
    if (piece.length === 0) return undefined;
    const { length } = this;
    this.length = length + piece.length;
    if (this.length + STRIDE > this.#bytes.length) return this.#copy(piece.view, 0, length);
    for (let at = 0; at < piece.length; at += STRIDE) {
      const eight = piece.view.getFloat64(at, IS_LITTLE_ENDIAN);
      this.#view.setFloat64(length + at, eight, IS_LITTLE_ENDIAN);
    }
    return undefined;
  }

  /** What stands from `start` to `end` once more. It must be of this epoch. */
  again(start: number, end: number): void {
    const { length } = this;
    this.length = length + end - start;
    if (this.length + STRIDE > this.#bytes.length) return this.#copy(this.#view, start, length);
    for (let at = start; at < end; at += STRIDE) {
      const eight = this.#view.getFloat64(at, IS_LITTLE_ENDIAN);
      this.#view.setFloat64(length + at - start, eight, IS_LITTLE_ENDIAN);
    }
    return undefined;
  }

  /** A text of ours, or one that is known to have nothing but visible ASCII. */
  ascii(text: string): void {
    const { length } = this;
    const bytes = this.#bytes;
    this.length = length + text.length;
    for (let at = 0; at < text.length && length + at < bytes.length; at += 1) {
      bytes[length + at] = text.charCodeAt(at);
    }
  }

  /** A text of anybody's, as it stands between quotes: see escaped(). */
  text(text: string): void {
    const { length } = this;
    const bytes = this.#bytes;
    const isRoomy = length + text.length <= bytes.length;
    if (!isRoomy || text.length > TEXT_CHARS_MAX) return this.ascii(escaped(text));
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (!isPlain(code)) return this.ascii(escaped(text));
      bytes[length + at] = code;
    }
    this.length = length + text.length;
    return undefined;
  }

  /** To a thousandth. `value`: not negative. */
  number(value: number): void {
    if (Number.isInteger(value)) return this.#count(value);
    const thousandths = Math.round(value * 1_000);
    const whole = Math.floor(thousandths / 1_000);
    this.#count(whole);
    const rest = thousandths - whole * 1_000;
    if (rest === 0) return undefined;
    this.byte(0x2e);
    return this.threeDigits(rest);
  }

  /** `007`. `count`: a whole number, 0 to 999. */
  threeDigits(count: number): void {
    const hundreds = Math.floor(count / 100);
    const tens = Math.floor(count / 10);
    this.byte(ZERO + hundreds);
    this.byte(ZERO + tens - hundreds * 10);
    this.byte(ZERO + count - tens * 10);
  }

  /** One character. */
  byte(code: number): void {
    this.#bytes[this.length] = code;
    this.length += 1;
  }

  /** Over what was written before. */
  replace(at: number, code: number): void {
    this.#bytes[at] = code;
  }

  #count(whole: number): void {
    if (whole < 10) return this.byte(ZERO + whole);
    return this.ascii(String(whole));
  }

  /** As far as there is room, a byte each. */
  #copy(from: DataView, start: number, to: number): void {
    const bytes = this.#bytes;
    const end = Math.min(this.length, bytes.length);
    for (let at = to; at < end; at += 1) bytes[at] = from.getUint8(start + at - to);
  }
}

/** Visible ASCII or a blank, and nothing that ends or escapes a string. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c;
}
