import { readFile, writeFile } from "node:fs/promises";
import { Spawned } from "../system/spawned.ts";

/** How late the event loop of one process was in one second, in milliseconds. */
export type LoopDelay = { readonly pid: number; readonly p50Ms: number; readonly p99Ms: number };

/** Environment that makes every process of a program write its loop's delay to `file`. */
export function loopDelayEnvironment(file: string): Readonly<Record<string, string>> {
  // A worker inherits NODE_OPTIONS from the environment, and none of our own variables.
  const child = new URL("loop-delay-child.ts", import.meta.url);
  child.searchParams.set("file", file);
  return { NODE_OPTIONS: `--import=${child.href}` };
}

/**
 * An idle process on the same processors. Its loop is late only because of whatever else the
 * machine does, so what the sidecar's loop is late beyond that is its own doing.
 */
export function startIdleProcess(file: string, cores: string): Spawned {
  const args = ["--eval", "setInterval(() => undefined, 1000)"];
  const env = loopDelayEnvironment(file);
  return new Spawned({ file: process.execPath, arguments: args, cores, env });
}

/**
 * The worst 99th percentile written since the last call, in milliseconds. 0: nothing was written.
 */
export async function takeLoopDelay(file: string): Promise<number> {
  const text = await readFile(file, "utf8").catch(() => "");
  await writeFile(file, "");
  const delays = text
    .split("\n")
    // The last line may be half written.
    .filter((line) => line.endsWith("}"))
    .map((line) => (JSON.parse(line) as LoopDelay).p99Ms);
  return Math.max(0, ...delays);
}
