import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { RunningContender } from "./contenders/contender.ts";
import { runOpenLoop } from "./load/open-loop.ts";
import type { OpenLoop } from "./load/open-loop.ts";
import { markdownTable, numberText, tableLine } from "./report/format.ts";
import { isBest } from "./resilience/best.ts";
import type { Outcome } from "./resilience/best.ts";
import { CONTESTANTS } from "./resilience/contestants.ts";
import type { Contestant } from "./resilience/contestants.ts";
import { TRIALS, WELL } from "./resilience/trials.ts";
import type { Trial } from "./resilience/trials.ts";
import { allowedCores, shareCores } from "./system/cores.ts";
import { freePort } from "./system/ports.ts";
import { Spawned, exitOnSignals } from "./system/spawned.ts";
import { wholeUpTo } from "./whole-up-to.ts";

/** Of the load: more than are under way where an endpoint hangs. */
const CONNECTIONS = 400;

/** What has just started compiles its code: that is not what is compared. */
const SETTLE_MS = 2_000;

/** How a slow client sends its body: so much, so often, and so many times. */
const DRIP = { bytes: 16, everyMs: 100, times: 20 };

const cores = shareCores(allowedCores());

exitOnSignals();
await new Command("bench:resilience")
  .description("Sick endpoints, overload and slow clients: Sluice, nginx and HAProxy.")
  .option("--seconds <count>", "load of each trial", wholeUpTo(10), 6)
  .option("--trial <number...>", "only these, counted from 1")
  .action(run)
  .parseAsync();

type Options = { readonly seconds: number; readonly trial?: readonly string[] };

async function run({ seconds, trial }: Options): Promise<void> {
  const trials = TRIALS.filter((_, at) => trial === undefined || trial.includes(String(at + 1)));
  const contestants: { readonly contestant: Contestant; readonly version: string }[] = [];
  for (const contestant of CONTESTANTS) {
    const version = await contestant.version();
    if (version === undefined) console.log(`${contestant.name} is not installed: left out`);
    else contestants.push({ contestant, version });
  }
  const names = contestants.map(({ contestant, version }) => `${contestant.name} ${version}`);
  console.log("Requests that failed, and the 99th percentile of the others\n");
  console.log(markdownTable(["", ...names, "Sluice is best"], []));
  const missed: string[] = [];
  let noiseMs = 0;
  for (const each of [WELL, ...trials]) {
    const outcomes: Outcome[] = [];
    for (const { contestant } of contestants) outcomes.push(await put(contestant, each, seconds));
    const [own, ...others] = outcomes;
    if (each === WELL) noiseMs = Math.max(...outcomes.map(({ p99Ms }) => p99Ms));
    const best = own !== undefined && isBest(own, others, noiseMs);
    if (!best) missed.push(each.name);
    console.log(tableLine([each.name, ...outcomes.map(outcomeText), best ? "yes" : "no"]));
  }
  console.log(
    `\nEqual: 1 % of the requests; a quarter of the percentile, or ${numberText(noiseMs)} ms`,
  );
  for (const name of missed) console.log(`MISSED: ${name}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

function outcomeText({ failed, p99Ms }: Outcome): string {
  return `${numberText(failed * 100)} %, ${numberText(p99Ms)} ms`;
}

/** One contestant in front of fresh endpoints, at a fixed rate. */
async function put(contestant: Contestant, trial: Trial, seconds: number): Promise<Outcome> {
  await using origin = startOrigin(trial);
  const ports = await origin.firstLine((line) => JSON.parse(line) as readonly number[]);
  const endpoints = ports.map((port) => `127.0.0.1:${port}`);
  const front = { trial, endpoints, dead: `127.0.0.1:${await freePort()}` };
  await using running = await contestant.start(front, cores);
  await sleep(SETTLE_MS);
  const slow = new AbortController();
  if (trial.extra === "buffer") void dripOnAndOn(running, slow.signal);
  const result = await runOpenLoop(loopOf(trial, running, seconds), cores);
  slow.abort();
  const total = result.answered + result.errors;
  return { failed: result.errors / total, p99Ms: result.p99Us / 1_000 };
}

function startOrigin({ endpoints }: Trial): Spawned {
  const path = fileURLToPath(new URL("origin/sick-origin.ts", import.meta.url));
  const args = [path, JSON.stringify(endpoints)];
  return new Spawned({ file: process.execPath, arguments: args, cores: cores.load });
}

function loopOf(trial: Trial, { host, port }: RunningContender, seconds: number): OpenLoop {
  const target = {
    host,
    port,
    path: "/",
    method: "GET" as const,
    fields: { host: "web" },
    bodyBytes: 0,
    secure: false,
    http2: false,
  };
  const { requestsPerSecond } = trial;
  return { target, connections: CONNECTIONS, requestsPerSecond, seconds };
}

/** A client that takes two seconds to send what fits into one packet, again and again. */
async function dripOnAndOn({ host, port }: RunningContender, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const socket = connect({ host, port });
    socket.on("error", () => undefined);
    const length = DRIP.bytes * DRIP.times;
    socket.write(`POST / HTTP/1.1\r\nhost: web\r\ncontent-length: ${length}\r\n\r\n`);
    socket.resume();
    const drops = setInterval(() => socket.write("x".repeat(DRIP.bytes)), DRIP.everyMs);
    const endMs = DRIP.everyMs * (DRIP.times + 1);
    await Promise.race([
      once(socket, "close"),
      new Promise((resolve) => setTimeout(resolve, endMs)),
    ]);
    clearInterval(drops);
    socket.destroy();
  }
}
