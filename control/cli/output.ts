import type { Writable } from "node:stream";
import Table from "cli-table3";
import { visibleText } from "../../proxy/base/visible-text.ts";
import { CliError, EXIT } from "./cli-error.ts";
import { terminalOf } from "./terminal.ts";
import type { Terminal, TerminalInput, TerminalOutput } from "./terminal.ts";
import { errorCode, errorTrace } from "../../proxy/base/error-text.ts";

/** Where a command writes: results to `out`, what went wrong to `error`. Both get whole lines. */
export type Output = {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
  /** The terminal behind `out`. undefined: there is none that can be drawn on. */
  readonly terminal?: Terminal | undefined;
  /** Aborted once `out` leads nowhere. undefined: that cannot be known. */
  readonly ended?: AbortSignal;
  /**
   * Waits until everything is written. A reader that has left (EPIPE) has seen what it wanted.
   * @throws CliError output_failed when something cannot be written
   */
  readonly flushed?: () => Promise<void>;
};

/** Streams of the machine's own, or what stands for them. */
type OutputStreams = {
  readonly out: TerminalOutput;
  readonly error: Writable;
  readonly input: TerminalInput;
  readonly env: NodeJS.ProcessEnv;
};

/** Streams of the machine. What others have written commands no terminal. */
export function streamOutput({ out, error, input, env }: OutputStreams): Output {
  const ended = new AbortController();
  let failure: Error | undefined;
  // What cannot be written is found at each write below; unheard it would end the process.
  for (const stream of [out, error]) stream.on("error", () => undefined);
  const write = (text: string): void => {
    out.write(text, (flaw) => {
      if (flaw === undefined || flaw === null) return;
      failure ??= flaw;
      ended.abort();
    });
  };
  return {
    out: (line) => write(`${visibleText(line)}\n`),
    error: (line) => void error.write(`${visibleText(line)}\n`),
    terminal: terminalOf({ out, input, env, write }),
    ended: ended.signal,
    async flushed() {
      await new Promise<void>((resolve) => out.write("", () => resolve()));
      if (failure === undefined || errorCode(failure) === "EPIPE") return;
      const message = `Cannot write the output: ${failure.message}`;
      throw new CliError("output_failed", message, { cause: failure });
    },
  };
}

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Rows under a head, in columns, without lines or colours: to read, to grep, to cut. */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const style = { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 };
  const table = new Table({ chars: NO_LINES, style });
  table.push([...head], ...rows.map((row) => row.map(cellText)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** A text, and below it what the answer warns of. */
export function withWarnings(
  text: string,
  { warnings = [] }: { readonly warnings?: readonly { readonly text: string }[] },
): string {
  return [text, ...warnings.map((warning) => `warning: ${warning.text}`)].join("\n");
}

/** A row stays one line. */
function cellText(cell: string | number): string {
  return visibleText(String(cell)).replaceAll("\n", "\\n");
}

/** A share of 0 … 1 as people write it. */
export function percentText(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

/**
 * Says what went wrong, with `json` as one object, otherwise as plain lines. Returns the exit
 * status.
 */
export function reportFailure(error: unknown, json: boolean, output: Output): number {
  const failure = error instanceof CliError ? error : unexpected(error);
  const { code, message, problems, exitCode } = failure;
  if (json) {
    output.error(JSON.stringify({ error: { code, message, problems } }));
  } else {
    output.error(`sluice: ${message}`);
  }
  return exitCode;
}

function unexpected(error: unknown): CliError {
  return new CliError("internal", errorTrace(error), { exitCode: EXIT.failed, cause: error });
}
