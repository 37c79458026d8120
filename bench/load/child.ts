import { fileURLToPath } from "node:url";
import type { Cores } from "../system/cores.ts";
import { Spawned } from "../system/spawned.ts";

/** Starts one of our load generators: a file of this folder with one argument, as JSON. */
export function startLoad(file: string, argument: unknown, cores: Cores): Spawned {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = [path, JSON.stringify(argument)];
  return new Spawned({ file: process.execPath, arguments: args, cores: cores.load });
}

/** The argument that such a file was started with. */
export function loadArgument(): unknown {
  return JSON.parse(process.argv[2] ?? "");
}
