import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { LoopDelay } from "./loop-delay.ts";

/**
 * Loaded into every process of the sidecar by `--import`: records every second how late its event
 * loop was. Nothing in the product knows about it.
 */
const RESOLUTION_MS = 10;
const INTERVAL_MS = 1_000;
const NANOSECONDS_A_MS = 1e6;

const file = new URL(import.meta.url).searchParams.get("file");
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

/**
 * The monitor measures from one of its timers to the next: a loop that is never late shows 10 ms.
 */
function lateMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS_A_MS - RESOLUTION_MS);
}

function tell(path: string): void {
  const line: LoopDelay = {
    pid: process.pid,
    p50Ms: lateMs(delay.percentile(50)),
    p99Ms: lateMs(delay.percentile(99)),
  };
  appendFileSync(path, `${JSON.stringify(line)}\n`);
  delay.reset();
}

if (file !== null) {
  delay.enable();
  setInterval(() => tell(file), INTERVAL_MS).unref();
}
