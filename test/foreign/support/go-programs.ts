import { hash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./foreign-process.ts";
import { FOREIGN_CACHE, GO_FOLDER, findProgram, ownProgram, program } from "./programs.ts";

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

/** grpc-go with all that it needs is a minute of one processor, if nobody else wants that. */
const BUILD_ALL_TIMEOUT_MS = 900_000;

/** Programs of others, which go.mod names under `tool`. */
const GO_TOOLS = [
  "github.com/hashicorp/hcl/v2/cmd/hclfmt",
  "github.com/summerwind/h2spec/cmd/h2spec",
];

/**
 * Compiles the module in programs/go/, whose go.sum says what it brings; anew when its sources have
 * changed. Without Go nothing: that one is missed as a program of the system.
 */
export async function buildGoPrograms(): Promise<void> {
  if (findProgram("go") === undefined) return;
  const cwd = ownProgram("go");
  const wanted = await hashOf(cwd);
  /** Written last, so it says that the programs are whole. */
  const installed = join(GO_FOLDER, "installed.txt");
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return;
  await rm(GO_FOLDER, { recursive: true, force: true });
  await mkdir(GO_FOLDER, { recursive: true });
  const args = ["build", "-mod=readonly", "-o", `${GO_FOLDER}/`, "./...", ...GO_TOOLS];
  const timeoutMs = BUILD_ALL_TIMEOUT_MS;
  const { status, error } = await runProgram(program("go"), args, { cwd, timeoutMs });
  if (status !== 0) throw new Error(`Cannot build programs/go: ${error}`);
  await writeFile(installed, wanted);
}

async function hashOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  return hash("sha256", JSON.stringify(texts));
}
