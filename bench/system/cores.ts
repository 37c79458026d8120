import { readFileSync } from "node:fs";
import { parseCpuList } from "./proc-files.ts";

/** Which processors belong to whom, each as `taskset -c` takes it. */
export type Cores = {
  /** One processor: all processes of the contender. */
  readonly contender: string;
  /** All others: load generator and origin. */
  readonly load: string;
};

/**
 * Shares the processors that this process may use: the first for the contender, the rest for load
 * and origin. A single one they share: then only processor time means anything.
 */
export function shareCores(allowed: readonly number[]): Cores {
  const [first = 0, ...rest] = allowed;
  return { contender: String(first), load: (rest.length > 0 ? rest : [first]).join(",") };
}

/** The processors that this process may use. @throws when there is no /proc: this is not Linux. */
export function allowedCores(): readonly number[] {
  const status = readFileSync("/proc/self/status", "utf8");
  return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "0");
}
