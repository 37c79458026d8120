import { readFileSync, readdirSync } from "node:fs";
import { parseProcessStat, parseSmapsRollup } from "./proc-files.ts";
import type { CpuTime, ProcessStat } from "./proc-files.ts";

/** A process and all that descend from it, as they are now, the root first. */
export function processTree(rootPid: number): readonly number[] {
  const children = Map.groupBy(processIds(), (pid) => readStat(pid)?.parentPid);
  const tree = [rootPid];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Processor time of some processes so far. Those that have ended meanwhile count as 0. */
export function cpuTimeOf(pids: readonly number[]): CpuTime {
  const stats = pids.flatMap((pid) => readStat(pid) ?? []);
  return {
    userUs: stats.reduce((sum, { userUs }) => sum + userUs, 0),
    systemUs: stats.reduce((sum, { systemUs }) => sum + systemUs, 0),
  };
}

/** Proportional set size of some processes in bytes: pages that several share count once. */
export function pssBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readIfThere(`/proc/${pid}/smaps_rollup`);
    return text === undefined ? sum : sum + parseSmapsRollup(text, "Pss");
  }, 0);
}

/** Open descriptors of some processes. */
export function descriptorsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + entriesOf(`/proc/${pid}/fd`).length, 0);
}

function processIds(): number[] {
  return entriesOf("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readStat(pid: number): ProcessStat | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** A process may end between two looks at it: then its files are gone. */
function readIfThere(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
