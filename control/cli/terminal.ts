import { styleText } from "node:util";
import type { InspectColor } from "node:util";
import type { Readable, Writable } from "node:stream";

/** How large a terminal is, in cells. */
export type TerminalSize = { readonly columns: number; readonly rows: number };

/** Colours and the like for a text, where the terminal has them. */
export type Style = (format: InspectColor | readonly InspectColor[], text: string) => string;

/** No colours: for whoever reads the text elsewhere. */
export const plain: Style = (_format, text) => text;

/** A terminal that can be drawn on. */
export interface Terminal {
  /** Writes as it stands: controls too. */
  readonly write: (text: string) => void;
  readonly size: TerminalSize;
  /** As NO_COLOR and FORCE_COLOR want it. */
  readonly style: Style;
  /** Calls `heard` when the size has changed, until what it returns is called. */
  readonly onResize: (heard: () => void) => () => void;
  /**
   * Calls `heard` with what is typed, a key or several at once, until what it returns is called.
   * Meanwhile Ctrl-C is a key. undefined: nobody can type.
   */
  readonly onKeys: ((heard: (typed: string) => void) => () => void) | undefined;
}

/** A stream that may be a terminal. */
export type TerminalOutput = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** A stream that may be a keyboard. */
export type TerminalInput = Readable & {
  readonly isTTY?: boolean;
  readonly setRawMode?: (isRaw: boolean) => unknown;
};

/** What a terminal is made of; `write` writes to `out`. */
export type TerminalParts = {
  readonly out: TerminalOutput;
  readonly input: TerminalInput;
  readonly env: NodeJS.ProcessEnv;
  readonly write: (text: string) => void;
};

/** Of terminals that do not say. */
const USUAL = { columns: 80, rows: 24 };

/** The terminal behind a stream. undefined: there is none, or one that can only go on (`dumb`). */
export function terminalOf({ out, input, env, write }: TerminalParts): Terminal | undefined {
  if (out.isTTY !== true || env["TERM"] === "dumb") return undefined;
  return {
    write,
    get size() {
      return { columns: out.columns || USUAL.columns, rows: out.rows || USUAL.rows };
    },
    style: (format, text) => styleText(format, text, { stream: out }),
    onResize: (heard) => {
      out.on("resize", heard);
      return () => void out.off("resize", heard);
    },
    onKeys: input.isTTY === true ? (heard) => keysOf(input, heard) : undefined,
  };
}

function keysOf(input: TerminalInput, heard: (typed: string) => void): () => void {
  const listen = (typed: Buffer): void => heard(typed.toString("utf8"));
  input.setRawMode?.(true);
  input.on("data", listen);
  input.resume();
  return () => {
    input.off("data", listen);
    input.setRawMode?.(false);
    // A stream that reads would keep the process alive.
    input.pause();
  };
}
