import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { builtProgram, workerOf } from "./built-program.ts";

/** The program's entry. */
export const CLI = await builtProgram();
/** The entry of its workers. */
export const WORKER = workerOf(CLI);
/** The entries of what a demo starts. */
export const DEMO_PROGRAMS = {
  sluice: CLI,
  shop: join(dirname(CLI), "demo/shop.js"),
  keeper: join(dirname(CLI), "demo/keeper.js"),
};
/** How long a sidecar may take to be ready before a test fails. */
const START_DEADLINE_MS = 45_000;

/** One line of the sidecar's log. */
export type LogLine = { readonly event: string; readonly [field: string]: unknown };

/** A real `sluice run` in its own process, on free ports of 127.0.0.1. */
export type TestSidecar = {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:PORT` of the control API. */
  readonly api: string;
  /** Port of the n-th listener. */
  readonly ports: readonly number[];
  /** Everything it has logged so far, in order. */
  readonly log: readonly LogLine[];
  /** What it wrote to stderr so far. */
  readonly stderr: () => string;
  /** The folder that holds its configuration, `sluice.json`; removed by stop. */
  readonly folder: string;
  /** Rewrites its configuration file, for a reload. */
  readonly writeConfig: (config: object) => Promise<void>;
  /** Pids of the workers that it has now. */
  readonly workerPids: () => readonly number[];
  /** Calls the API. A body is sent as JSON; writes carry `If-Match: *` unless said otherwise. */
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  /** Ends it with SIGKILL and removes its folder. */
  readonly stop: () => Promise<void>;
  /** Resolves with its exit code (or signal) once it has ended by itself. */
  readonly ended: Promise<number | string>;
};

/**
 * Starts a sidecar with `config` (as in sluice.yaml). Without listeners and control it has one
 * listener and its API on free ports. `main`: another entry of the program, or a program itself.
 * `prepare`: puts something beside the configuration.
 */
export async function startSidecar(
  config: object,
  env: NodeJS.ProcessEnv = {},
  main = CLI,
  prepare: (folder: string) => Promise<void> = async () => undefined,
): Promise<TestSidecar> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-test-"));
  await prepare(folder);
  const path = join(folder, "sluice.json");
  const writeConfig = (next: object): Promise<void> =>
    writeFile(
      path,
      JSON.stringify({
        listeners: [{ bind: "127.0.0.1:0" }],
        control: { bind: "127.0.0.1:0" },
        drain: { acceptFor: "0" },
        ...next,
      }),
    );
  await writeConfig(config);
  const program = main.endsWith(".js") || main.endsWith(".ts") ? [process.execPath, main] : [main];
  const [command, ...args] = [...program, "run", "-c", path];
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: LogLine[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += String(chunk)));
  const ready = waitForReady(child, log, () => stderr);
  const ended = once(child, "exit").then(([code, signal]) => (signal ?? code) as number | string);
  await ready.catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  const api = String(log.find((line) => line.event === "api.open")?.["address"]);
  return {
    child,
    api,
    log,
    folder,
    ended,
    writeConfig,
    stderr: () => stderr,
    ports: log
      .filter((line) => line.event === "listener.open")
      .map((line) => portOf(line["address"])),
    workerPids: () => livingWorkers(log),
    call: (method, url, body, headers = {}) => callApi(api + url, { method, body, headers }),
    stop: async () => {
      for (const pid of livingWorkers(log)) killIfAlive(pid);
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function waitForReady(
  child: ChildProcess,
  log: LogLine[],
  stderr: () => string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const tell = (why: string): Error =>
    new Error(`${why}; log: ${JSON.stringify(log)}; stderr: ${stderr()}`);
  const timer = setTimeout(() => reject(tell("Sidecar is not ready in time")), START_DEADLINE_MS);
  child.once("exit", (code) => reject(tell(`Sidecar ended with ${code}`)));
  if (child.stdout === null) throw new Error("Sidecar has no stdout");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const entry = JSON.parse(line) as LogLine;
    log.push(entry);
    if (entry.event === "sidecar.ready") resolve();
  });
  await promise.finally(() => clearTimeout(timer));
}

function portOf(address: unknown): number {
  return Number(String(address).split(":").at(-1));
}

function livingWorkers(log: readonly LogLine[]): number[] {
  const pids = new Set<number>();
  for (const line of log) {
    if (line.event === "worker.started") pids.add(Number(line["pid"]));
    if (["worker.ended", "worker.retired"].includes(line.event)) pids.delete(Number(line["pid"]));
  }
  return [...pids];
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has already ended by itself.
  }
}

/** The warnings and errors in its log, but for the one that its API lets everybody in. */
export function complaintsOf({ log }: Pick<TestSidecar, "log">): readonly LogLine[] {
  return log.filter(({ level, event }) => level !== "info" && event !== "api.no-auth");
}

async function callApi(
  url: string,
  request: { method: string; body: unknown; headers: Record<string, string> },
): Promise<Response> {
  const { method, body, headers } = request;
  const writes = method !== "GET";
  return fetch(url, {
    method,
    headers: {
      // With a reason, so that `?force=true` is enough where a test wants to take everything away.
      ...(writes ? { "if-match": "*", "x-sluice-reason": "a test" } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
