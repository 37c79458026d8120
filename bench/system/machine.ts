import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { parseMachineTime } from "./proc-files.ts";
import type { MachineTime } from "./proc-files.ts";

/** What a run was made on: without it no figure means anything. */
export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the last minute when the run began: above 0.5 others were at work. */
  readonly loadBefore: number;
};

/** The machine as it is now. */
export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Processor time of the whole machine so far. */
export function machineTime(): MachineTime {
  return parseMachineTime(readFileSync("/proc/stat", "utf8"));
}

/** Share (0 … 1) of the machine that its hypervisor gave to others between two looks. */
export function stolenShare(before: MachineTime, after: MachineTime): number {
  const total = after.total - before.total;
  return total > 0 ? (after.steal - before.steal) / total : 0;
}
