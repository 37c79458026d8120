import { runCli } from "../../control/cli/program.ts";

/** What came of a command line. Lines are joined by line breaks. */
export type CliResult = { readonly status: number; readonly out: string; readonly error: string };

/** Runs a command line in this process, as version 1.2.3. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CliResult> {
  const out: string[] = [];
  const error: string[] = [];
  const output = {
    out: (line: string) => void out.push(line),
    error: (line: string) => void error.push(line),
  };
  const status = await runCli(args, { output, env, version: "1.2.3" });
  return { status, out: out.join("\n"), error: error.join("\n") };
}

/** The cells of a table that a command printed, row by row. */
export function cellsOf(text: string): string[][] {
  return text.split("\n").map((line) => line.split(/ {2,}/));
}
