import { setTimeout as sleep } from "node:timers/promises";
import { loadedHost } from "./contenders/contender.ts";
import type { Contender, Job, RunningContender } from "./contenders/contender.ts";
import { holdConnections } from "./load/held-connections.ts";
import type { HeldConnections } from "./load/held-connections.ts";
import type { Effort, LoadTool, Target } from "./load/load.ts";
import { runOpenLoop } from "./load/open-loop.ts";
import type { LatencySample, LoadSample, MemorySample } from "./results.ts";
import type { Scenario } from "./scenarios.ts";
import type { Cores } from "./system/cores.ts";
import { cpuTimeOf, processTree, pssBytesOf } from "./system/process-tree.ts";

/** How long memory is left alone before it is read. */
const SETTLE_MS = 700;
/**
 * Connections that leave their answer unread: many, because a heap varies by some MiB on its own.
 */
const UNREAD_CONNECTIONS = 100;
/**
 * Connections of an open loop: enough that requests wait for the contender, not for one of these.
 */
const OPEN_LOOP_CONNECTIONS = 128;

/** A running contender, and the job it runs for. */
export type Entry = {
  readonly contender: Contender;
  readonly running: RunningContender;
  readonly job: Job;
};

/** What a scenario sends to a contender. */
export function targetOf({ running, job }: Entry, scenario: Scenario): Target {
  const { path, method, bodyBytes } = scenario;
  // Spelled as wrk spells it: beside a "host" it would add one of its own.
  const fields = { Host: loadedHost(job.services), ...scenario.fields };
  const secure = job.tls?.client === "tls";
  return { host: running.host, port: running.port, path, method, fields, bodyBytes, secure };
}

/** Runs one closed loop and says what each of its requests cost the contender. */
export async function measureLoad(
  tool: LoadTool,
  entry: Entry,
  scenario: Scenario,
  effort: Effort & { readonly round: number },
  cores: Cores,
): Promise<LoadSample> {
  const { contender, running } = entry;
  const pids = running.pid === 0 ? [] : processTree(running.pid);
  const before = cpuTimeOf(pids);
  const { requests, perSecond, errors } = await tool.run(targetOf(entry, scenario), effort, cores);
  const after = cpuTimeOf(pids);
  const each = (spentUs: number): number => (requests > 0 ? spentUs / requests : 0);
  return {
    contender: contender.name,
    scenario: scenario.name,
    round: effort.round,
    tool: tool.name,
    requests,
    perSecond,
    errors,
    userUs: each(after.userUs - before.userUs),
    systemUs: each(after.systemUs - before.systemUs),
  };
}

/** Runs one open loop at a fixed rate. */
export async function measureLatency(
  entry: Entry,
  scenario: Scenario,
  at: { readonly requestsPerSecond: number; readonly seconds: number; readonly round: number },
  cores: Cores,
): Promise<LatencySample> {
  const { requestsPerSecond, seconds, round } = at;
  const target = targetOf(entry, scenario);
  const connections = OPEN_LOOP_CONNECTIONS;
  const loop = { target, connections, requestsPerSecond, seconds };
  const { answered: _, ...figures } = await runOpenLoop(loop, cores);
  return { contender: entry.contender.name, round, requestsPerSecond, ...figures };
}

/** Memory that each kept connection adds that rests, over TLS if the job has it. */
export async function measureHeld(
  entry: Entry,
  scenario: Scenario,
  idleConnections: number,
  cores: Cores,
): Promise<number> {
  await sleep(SETTLE_MS);
  const held = { target: targetOf(entry, scenario), count: idleConnections, kind: "idle" } as const;
  return heldBytes(processTree(entry.running.pid), held, cores);
}

/** Reads the memory of a contender just after its start, then with connections held open. */
export async function measureMemory(
  entry: Entry,
  scenario: Scenario,
  at: { readonly idleConnections: number; readonly round: number },
  cores: Cores,
): Promise<MemorySample> {
  const target = targetOf(entry, scenario);
  await sleep(SETTLE_MS);
  const pids = processTree(entry.running.pid);
  const idleBytes = pssBytesOf(pids);
  const idle = { target, count: at.idleConnections, kind: "idle" } as const;
  const perConnectionBytes = await heldBytes(pids, idle, cores);
  await sleep(SETTLE_MS);
  const huge = { ...target, path: "/huge" };
  const unread = { target: huge, count: UNREAD_CONNECTIONS, kind: "unread" } as const;
  const perUnreadBytes = await heldBytes(pids, unread, cores);
  const { round } = at;
  return { contender: entry.contender.name, round, idleBytes, perConnectionBytes, perUnreadBytes };
}

/** What each of them adds to the memory of these processes. */
async function heldBytes(
  pids: readonly number[],
  held: HeldConnections,
  cores: Cores,
): Promise<number> {
  const before = pssBytesOf(pids);
  await using _ = await holdConnections(held, cores);
  await sleep(SETTLE_MS);
  return (pssBytesOf(pids) - before) / held.count;
}
