import type { Random } from "../../proxy/base/random.ts";
import { doubledPauseMs } from "../base/doubled-pause.ts";

/** The longest is how late a sidecar may notice that Consul is back. */
const PAUSES = { minMs: 100, maxMs: 5_000 };

/** How long to wait after `failures` failures in a row (1 …): see doubledPauseMs(). */
export function backOffMs(failures: number, random: Random): number {
  return doubledPauseMs(PAUSES, failures, random);
}
