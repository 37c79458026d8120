import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./foreign-process.ts";
import { FOREIGN_CACHE, ownProgram, program } from "./programs.ts";

/** Since Go 1.20 the first build compiles the standard library too. */
const BUILD_TIMEOUT_MS = 110_000;

/** Compiles programs/NAME.go, which uses only the standard library. The program's path. */
export async function buildGo(name: string): Promise<string> {
  const folder = join(FOREIGN_CACHE, "go");
  await mkdir(folder, { recursive: true });
  // Two test files may build one program: each has a file of its own.
  const target = join(folder, `${name}-${process.pid}`);
  const args = ["build", "-o", target, ownProgram(`${name}.go`)];
  const { status, error } = await runProgram(program("go"), args, { timeoutMs: BUILD_TIMEOUT_MS });
  if (status !== 0) throw new Error(`Cannot build ${name}.go: ${error}`);
  return target;
}
