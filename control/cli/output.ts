import Table from "cli-table3";
import { visibleText } from "../../proxy/base/visible-text.ts";
import { CliError, EXIT } from "./cli-error.ts";

/** Where a command writes: results to `out`, what went wrong to `error`. Both get whole lines. */
export type Output = {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
};

/** The machine's own standard streams. What others have written commands no terminal. */
export const standardOutput: Output = {
  out: (line) => console.log(visibleText(line)),
  error: (line) => console.error(visibleText(line)),
};

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
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CliError("internal", message, { exitCode: EXIT.failed, cause: error });
}
