import { randomFillSync } from "node:crypto";

/** Drawn at once: a call for each id would cost more than all else of a span. */
const DRAWN_BYTES = 4_096;

/** Chance as hexadecimal text that nobody can guess, drawn from the system in large pieces. */
export class RandomHex {
  readonly #bytes = Buffer.alloc(DRAWN_BYTES);
  readonly #fill: (bytes: Buffer) => void;
  #used = DRAWN_BYTES;

  /** `fill`: fills all of it with chance. */
  constructor(fill: (bytes: Buffer) => void = randomFillSync) {
    this.#fill = fill;
  }

  /** So many bytes, at most 4096, two digits in lower case for each, not all of them 0. */
  next(bytes: number): string {
    if (this.#used + bytes > DRAWN_BYTES) {
      this.#fill(this.#bytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    const text = this.#bytes.toString("hex", start, this.#used);
    return isZero(text) ? this.next(bytes) : text;
  }
}

function isZero(text: string): boolean {
  return text.startsWith("00") && /^0+$/.test(text);
}
