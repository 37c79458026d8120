import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Cores } from "../system/cores.ts";
import { Spawned } from "../system/spawned.ts";
import type { Ability, Contender, Job, RunningContender } from "./contender.ts";

/** A Node contender, apart from its program in `node/`. */
type About = {
  readonly name: string;
  readonly how: string;
  /** Package whose version is shown. Absent: it is Node alone. */
  readonly package?: string;
  readonly abilities: readonly Ability[];
};

const ABOUT: readonly About[] = [
  {
    name: "undici",
    how: "node:http server, undici Pool.dispatch to each version",
    package: "undici",
    abilities: ["http", "split", "affinity"],
  },
  {
    name: "http-proxy",
    how: "keep-alive agent, xfwd, ws",
    package: "http-proxy",
    abilities: ["http", "split", "tunnel"],
  },
  {
    name: "httpxy",
    how: "keep-alive agent, xfwd, ws",
    package: "httpxy",
    abilities: ["http", "split", "tunnel"],
  },
  {
    name: "fastify-http-proxy",
    how: "@fastify/http-proxy, getUpstream by weight, websocket off",
    package: "@fastify/http-proxy",
    abilities: ["http", "split"],
  },
  {
    name: "node-http2",
    how: "node:http2 server, one node:http2 session or undici Pool to each version",
    abilities: ["split", "h2", "grpc", "h2-both"],
  },
];

/** Proxies as people write them in Node: one process each, on the same Node as Sluice. */
export const nodeContenders: readonly Contender[] = ABOUT.map((about) => ({
  name: about.name,
  how: about.how,
  abilities: new Set(about.abilities),
  getIt: "npm ci",
  version: () => versionOf(about.package),
  start: (job, cores) => startNode(about.name, job, cores),
}));

async function versionOf(name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return process.version;
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { version: string }).version;
}

async function startNode(name: string, job: Job, cores: Cores): Promise<RunningContender> {
  const file = fileURLToPath(new URL(`node/${name}.ts`, import.meta.url));
  const args = [file, JSON.stringify(job)];
  const program = new Spawned({ file: process.execPath, arguments: args, cores: cores.contender });
  const dispose = (): Promise<void> => program[Symbol.asyncDispose]();
  try {
    const port = await program.firstLine((line) => Number(line));
    return { host: "127.0.0.1", port, pid: program.pid, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
