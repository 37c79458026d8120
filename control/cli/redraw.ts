/** Draws a text over the one that it drew before, where a terminal can. */
export class Redraw {
  readonly #write: (text: string) => void;
  #linesDrawn = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  draw(text: string): void {
    // Up to the first line, and clear from there: ECMA-48 CPL and ED.
    const up = this.#linesDrawn > 0 ? `\u001B[${this.#linesDrawn}F\u001B[J` : "";
    this.#linesDrawn = text.split("\n").length;
    this.#write(`${up}${text}\n`);
  }
}
