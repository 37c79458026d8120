import { setTimeout as sleep } from "node:timers/promises";
import type { RunningContender } from "../contenders/contender.ts";
import type { CertificateFiles } from "../origin/certificate-files.ts";
import type { Cores } from "../system/cores.ts";
import { processTree } from "../system/process-tree.ts";

/** How long a replacement may take. */
const REPLACED_WAIT_MS = 10_000;

/** A proxy whose code is replaced under load. */
export type Subject = {
  readonly name: string;
  /** How it is told to replace its code. */
  readonly how: string;
  /** Its version. undefined: it is not installed. */
  version(): Promise<string | undefined>;
  /** Starts it in front of one endpoint. `files`: it speaks TLS to clients. */
  start(
    endpoint: string,
    cores: Cores,
    files: CertificateFiles | undefined,
  ): Promise<RunningSubject>;
};

/** A subject at work. */
export type RunningSubject = RunningContender & {
  /** Replaces its code. Resolves when new processes serve. */
  replace(): Promise<void>;
};

/** Signals a process, which then starts another one, and waits until that one is there. */
export async function replaceBySignal(pid: number, signal: NodeJS.Signals): Promise<void> {
  const before = new Set(processTree(pid));
  const deadlineMs = performance.now() + REPLACED_WAIT_MS;
  process.kill(pid, signal);
  while (processTree(pid).every((each) => before.has(each))) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot replace ${pid}: no new process`);
    await sleep(5);
  }
}
