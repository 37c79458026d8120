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
 * Load before memory is counted by connection. Some MiB that an engine's compilers take and keep
 * would be shared out among connections that have nothing to do with it.
 */
const MEMORY_WARM_UP_SECONDS = 2;
/** Connections that are open before others are counted: they take what the load has left. */
const FIRST_CONNECTIONS = 200;
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
  const http2 = job.http2 !== undefined;
  return { host: running.host, port: running.port, path, method, fields, bodyBytes, secure, http2 };
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

/** How many connections are held, and what warms a contender up before. */
type HeldPlan = { readonly idleConnections: number; readonly tool: LoadTool };

/**
 * Memory that each kept connection adds that rests, over TLS and by HTTP/2 if the job has them,
 * once the contender has been at work.
 */
export async function measureHeld(
  entry: Entry,
  scenario: Scenario,
  { idleConnections, tool }: HeldPlan,
  cores: Cores,
): Promise<number> {
  const target = targetOf(entry, scenario);
  const { connections, streams, newConnections } = scenario;
  const effort = { connections, streams, newConnections, seconds: MEMORY_WARM_UP_SECONDS };
  await tool.run(target, effort, cores);
  const first = { target, count: FIRST_CONNECTIONS, kind: "idle" } as const;
  await using _ = await holdConnections(first, cores);
  await sleep(SETTLE_MS);
  const held = { ...first, count: idleConnections };
  return heldBytes(processTree(entry.running.pid), held, cores);
}

/** Reads the memory of a contender just after its start, then by connections of two kinds. */
export async function measureMemory(
  entry: Entry,
  scenario: Scenario,
  at: HeldPlan & { readonly round: number },
  cores: Cores,
): Promise<MemorySample> {
  const target = targetOf(entry, scenario);
  await sleep(SETTLE_MS);
  const pids = processTree(entry.running.pid);
  const idleBytes = pssBytesOf(pids);
  const perConnectionBytes = await measureHeld(entry, scenario, at, cores);
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
