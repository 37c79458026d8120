import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { Client } from "undici";
import { startSluice } from "./contenders/sluice.ts";
import { markdownTable, numberText } from "./report/format.ts";
import { misbehave } from "./soak/bad-traffic.ts";
import { SoakEndpoints } from "./soak/endpoints.ts";
import { Failures } from "./soak/failures.ts";
import { flatnessOf } from "./soak/flatness.ts";
import type { Allowance, Flatness } from "./soak/flatness.ts";
import { keepTunnel, sendGoodRequests } from "./soak/good-traffic.ts";
import { loopDelayEnvironment, startIdleProcess, takeLoopDelay } from "./soak/loop-delay.ts";
import { operationsOf, repeat } from "./soak/operations.ts";
import { allowedCores, shareCores } from "./system/cores.ts";
import { descriptorsOf, processTree, pssBytesOf } from "./system/process-tree.ts";
import { exitOnSignals } from "./system/spawned.ts";
import { WorkFolder } from "./system/work-folder.ts";

const MEBIBYTE = 2 ** 20;
/** A week: anything longer is a mistake. */
const MINUTES_MAX = 10_080;
/** Most looks at the sidecar, however long the soak. */
const SAMPLES_MAX = 3_600;
/** Clients of each kind. */
const CLIENTS = { good: 16, tunnels: 8, bad: 8 };

/** What has to stay flat, and how much it may move. */
const FIGURES: Readonly<Record<keyof Sample, Allowance & { readonly title: string }>> = {
  memoryMiB: { title: "memory, both processes (MiB)", factor: 1.1, slack: 12 },
  descriptors: { title: "descriptors", factor: 1.1, slack: 32 },
  loopP99Ms: { title: "event-loop delay above an idle process, p99 (ms)", factor: 1.5, slack: 5 },
};

/** One look. How late the loop is: its p99 of a second, less that of an idle process. */
type Sample = {
  readonly memoryMiB: number;
  readonly descriptors: number;
  readonly loopP99Ms: number;
};

exitOnSignals();
await new Command("bench:soak")
  .description(
    "Lets a sidecar serve good and bad traffic for long, while it is shifted and swapped.",
  )
  .option("--minutes <count>", "how long", readMinutes, 10)
  .action(run)
  .parseAsync();

async function run({ minutes }: { readonly minutes: number }): Promise<void> {
  const cores = shareCores(allowedCores());
  await using folder = await WorkFolder.make();
  const delayFiles = {
    own: await folder.write("loop-delay", ""),
    idle: await folder.write("idle-loop-delay", ""),
  };
  await using _ = startIdleProcess(delayFiles.idle, cores.contender);
  await using endpoints = await SoakEndpoints.start(cores.load);
  const env = loopDelayEnvironment(delayFiles.own);
  await using sidecar = await startSluice(configFor(endpoints), cores, { env });
  const failures = new Failures();
  const api = new Client(sidecar.api);
  const operations = await operationsOf(api, endpoints, failures);
  console.error(`${minutes} minutes with: ${operations.map(({ name }) => name).join(", ")}`);

  const ending = new AbortController();
  const halfway = new AbortController();
  const traffic = { port: sidecar.port, failures, signal: ending.signal };
  const clients = (count: number, client: (to: typeof traffic) => Promise<void>) =>
    Array.from({ length: count }, () => client(traffic));
  const working = [
    ...clients(CLIENTS.good, sendGoodRequests),
    ...clients(CLIENTS.tunnels, keepTunnel),
    ...clients(CLIENTS.bad, misbehave),
    ...operations.map((operation) => {
      const { signal } = operation.during === "all" ? ending : halfway;
      return repeat(operation, failures, signal);
    }),
  ];
  const halfMs = minutes * 30_000;
  const swapping = await watch(sidecar.pid, delayFiles, halfMs);
  halfway.abort();
  const steady = await watch(sidecar.pid, delayFiles, halfMs);
  ending.abort();
  await Promise.all(working);
  await api.close();
  report({ swapping, steady }, failures);
}

/** Files with the event-loop delay of the sidecar, and of an idle process beside it. */
type DelayFiles = { readonly own: string; readonly idle: string };

/** Looks at the sidecar until the time is over. */
async function watch(
  pid: number,
  delayFiles: DelayFiles,
  forMs: number,
): Promise<readonly Sample[]> {
  const everyMs = Math.max(1_000, forMs / SAMPLES_MAX);
  const endMs = performance.now() + forMs;
  const samples: Sample[] = [];
  while (performance.now() < endMs) {
    await sleep(everyMs);
    const pids = processTree(pid);
    const ownMs = await takeLoopDelay(delayFiles.own);
    const idleMs = await takeLoopDelay(delayFiles.idle);
    samples.push({
      memoryMiB: pssBytesOf(pids) / MEBIBYTE,
      descriptors: descriptorsOf(pids),
      loopP99Ms: Math.max(0, ownMs - idleMs),
    });
  }
  return samples;
}

type Halves = { readonly swapping: readonly Sample[]; readonly steady: readonly Sample[] };

/** The halves are judged apart: a swap ends the workers, and with them what they have leaked. */
function report(halves: Halves, failures: Failures): void {
  const judged = Object.entries(halves).flatMap(([half, samples]) =>
    (Object.keys(FIGURES) as (keyof Sample)[]).map((name) => {
      const values = samples.map((sample) => sample[name]);
      const title = `${half}: ${FIGURES[name].title}`;
      return { title, flatness: flatnessOf(values, FIGURES[name]) };
    }),
  );
  const { right, explained, unexplained, kept } = failures;
  const kinds = [...new Set([...right.keys(), ...explained.keys(), ...unexplained.keys()])];
  const counts = kinds.map((kind) => [
    kind,
    ...[right, explained, unexplained].map((each) => numberText(each.get(kind) ?? 0)),
  ]);
  console.log(markdownTable(["traffic", "right", "explained", "unexplained"], counts));
  console.log("");
  console.log(markdownTable(["figure", "from", "to", "most", "flat"], judged.map(flatnessRow)));
  for (const line of kept) console.log(`Unexplained: ${line}`);
  const isFlat = judged.every(({ flatness }) => flatness?.isFlat !== false);
  process.exitCode = isFlat && unexplained.size === 0 ? 0 : 1;
}

function flatnessRow(judged: {
  readonly title: string;
  readonly flatness: Flatness | undefined;
}): readonly string[] {
  const { title, flatness } = judged;
  if (flatness === undefined) return [title, "–", "–", "–", "too short to say"];
  const { from, to, max, isFlat } = flatness;
  return [title, ...[from, to, max].map(numberText), isFlat ? "yes" : "**no**"];
}

function configFor(endpoints: SoakEndpoints): object {
  const { v1, v2 } = endpoints.addresses;
  return {
    listeners: [{ bind: "127.0.0.1:0", service: "web" }],
    control: { bind: "127.0.0.1:0" },
    drain: { acceptFor: "0" },
    services: {
      web: {
        versions: { v1: { weight: 90, endpoints: v1 }, v2: { weight: 10, endpoints: v2 } },
        // Restarts of this soak are shorter than the default ejection: let endpoints come back.
        ejection: { consecutive: 5, baseTime: "1s", maxTime: "2s" },
      },
    },
  };
}

function readMinutes(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= MINUTES_MAX) return value;
  throw new InvalidArgumentError(`Wanted minutes up to ${MINUTES_MAX}, found "${text}"`);
}
