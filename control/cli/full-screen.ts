import type { Terminal } from "./terminal.ts";

/*
 * Controls of ECMA-48, and those of xterm for its other screen: what was there before comes back
 * in the end.
 */
const ENTER = "\u001B[?1049h\u001B[?25l";
const LEAVE = "\u001B[?25h\u001B[?1049l";
const HOME = "\u001B[H";
/** What is left of a line, and of the screen, from an earlier frame. */
const CLEAR_LINE = "\u001B[K";
const CLEAR_BELOW = "\u001B[J";

/** Draws frames on a terminal's other screen, one over the other. */
export class FullScreen {
  readonly #terminal: Terminal;
  #isOpen = false;
  #drawn = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows lines that fit: no more, and none longer, than the terminal has room for. */
  draw(lines: readonly string[]): void {
    const frame = lines.map((line) => `${line}${CLEAR_LINE}`).join("\r\n") + CLEAR_BELOW;
    if (!this.#isOpen) this.#terminal.write(ENTER);
    this.#isOpen = true;
    if (frame !== this.#drawn) this.#terminal.write(HOME + frame);
    this.#drawn = frame;
  }

  /** The size has changed: nothing that was drawn is where it was. */
  forget(): void {
    this.#drawn = "";
  }

  /** Gives the terminal back as it was. A second call changes nothing. */
  leave(): void {
    if (this.#isOpen) this.#terminal.write(LEAVE);
    this.#isOpen = false;
    this.forget();
  }
}
