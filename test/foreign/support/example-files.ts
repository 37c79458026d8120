import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./foreign-process.ts";

/** Where the examples are. */
export const EXAMPLES = new URL("../../../examples/", import.meta.url).pathname;

/** Runs a program to its end; what it says. @throws that, when it fails. */
export async function run(file: string, args: readonly string[], cwd = EXAMPLES): Promise<string> {
  const { status, out, error } = await runProgram(file, args, { cwd });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")}: ${out}${error}`);
  return out;
}

/** The text of an example, with other words in the place of some. */
export async function exampleWith(
  path: string,
  swaps: Readonly<Record<string, string>>,
): Promise<string> {
  const text = await readFile(join(EXAMPLES, path), "utf8");
  return Object.entries(swaps).reduce((all, [from, to]) => all.replaceAll(from, to), text);
}
