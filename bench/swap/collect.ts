import { setTimeout as sleep } from "node:timers/promises";

/** Enough for one collection of the largest heap that is measured. */
const COLLECT_MS = 1_000;

/** Environment that makes every process of a program collect its garbage when it is told to. */
export function collectEnvironment(): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${new URL("collect-child.ts", import.meta.url).href}` };
}

/**
 * Makes these processes collect all garbage, so that what remains is what is held: how much garbage
 * V8 leaves lying says nothing about leaks. Resolves once they have had the time for it.
 */
export async function collectGarbage(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, "SIGWINCH");
  await sleep(COLLECT_MS);
}
