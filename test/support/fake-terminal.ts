import { plain } from "../../control/cli/terminal.ts";
import type { Terminal, TerminalSize } from "../../control/cli/terminal.ts";

/** A terminal that shows what it would show, and on which a test types. */
export class FakeTerminal implements Terminal {
  readonly style = plain;
  size: TerminalSize;
  /** Everything that was written, as it came. */
  written = "";
  #keys: ((typed: string) => void) | undefined;
  #resized: (() => void) | undefined;

  constructor(columns = 80, rows = 24) {
    this.size = { columns, rows };
  }

  readonly write = (text: string): void => void (this.written += text);

  readonly onResize = (heard: () => void): (() => void) => {
    this.#resized = heard;
    return () => (this.#resized = undefined);
  };

  readonly onKeys = (heard: (typed: string) => void): (() => void) => {
    this.#keys = heard;
    return () => (this.#keys = undefined);
  };

  /** Somebody is heard who types. */
  get listens(): boolean {
    return this.#keys !== undefined;
  }

  type(text: string): void {
    this.#keys?.(text);
  }

  resize(columns: number, rows: number): void {
    this.size = { columns, rows };
    this.#resized?.();
  }

  /** What is to be seen, a text a line, without blanks at the end. */
  get lines(): readonly string[] {
    return screenOf(this.written, this.size);
  }
}

type Screen = { cells: string[][]; row: number; column: number };

// oxlint-disable-next-line no-control-regex -- terminals are sent controls
const PIECE = /\u001B\[\??[0-9;]*[A-Za-z]|[^]/gu;

/** What a terminal of this size shows after this: as much of xterm as is used. */
export function screenOf(written: string, { columns, rows }: TerminalSize): readonly string[] {
  const empty = (): string[][] => Array.from({ length: rows }, () => []);
  const screen: Screen = { cells: empty(), row: 0, column: 0 };
  let main: Screen | undefined;
  for (const [piece] of written.matchAll(PIECE)) {
    if (piece === "\u001B[?1049h") {
      main = { ...screen };
      Object.assign(screen, { cells: empty(), row: 0, column: 0 });
    } else if (piece === "\u001B[?1049l") {
      if (main !== undefined) Object.assign(screen, main);
    } else put(screen, piece, columns, rows);
  }
  return screen.cells.map((line) =>
    Array.from(line, (cell) => cell ?? " ")
      .join("")
      .trimEnd(),
  );
}

function put(screen: Screen, piece: string, columns: number, rows: number): void {
  if (piece === "\u001B[H") Object.assign(screen, { row: 0, column: 0 });
  else if (piece === "\u001B[K") screen.cells[screen.row]?.splice(screen.column);
  else if (piece === "\u001B[J") clearBelow(screen);
  else if (piece === "\r") screen.column = 0;
  else if (piece === "\n") feed(screen, rows);
  else if (!piece.startsWith("\u001B")) {
    // It wraps, as a real one does: then a frame does not fit.
    if (screen.column >= columns) {
      screen.column = 0;
      feed(screen, rows);
    }
    const line = screen.cells[screen.row];
    if (line !== undefined) line[screen.column] = piece;
    screen.column += 1;
  }
}

function clearBelow(screen: Screen): void {
  screen.cells[screen.row]?.splice(screen.column);
  for (let row = screen.row + 1; row < screen.cells.length; row += 1) screen.cells[row] = [];
}

function feed(screen: Screen, rows: number): void {
  if (screen.row + 1 < rows) screen.row += 1;
  else screen.cells = [...screen.cells.slice(1), []];
}
