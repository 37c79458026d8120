import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { LiveLoad } from "../test/support/live-load.ts";
import type { LiveLoadPlan, LiveLoadReport } from "../test/support/live-load.ts";
import { makeReleases } from "../test/support/release.ts";
import { VersionOrigin } from "../test/support/version-origin.ts";
import { makeCertificateFiles } from "./origin/certificate-files.ts";
import type { CertificateFiles } from "./origin/certificate-files.ts";
import { markdownTable, numberText } from "./report/format.ts";
import { collectGarbage } from "./swap/collect.ts";
import { haproxySubject } from "./swap/haproxy-subject.ts";
import { nginxSubject } from "./swap/nginx-subject.ts";
import { sluiceSubject, startWithReleases } from "./swap/sluice-subject.ts";
import type { RunningSluice } from "./swap/sluice-subject.ts";
import type { RunningSubject, Subject } from "./swap/subject.ts";
import { allowedCores, shareCores } from "./system/cores.ts";
import { descriptorsOf, processTree, pssBytesOf } from "./system/process-tree.ts";
import { exitOnSignals } from "./system/spawned.ts";
import { WorkFolder } from "./system/work-folder.ts";
import { wholeUpTo } from "./whole-up-to.ts";

/** The load that the promise is about: every kind of connection at once. */
const LOAD: Omit<LiveLoadPlan, "port"> = {
  host: "web",
  busy: 64,
  pauseMs: 20,
  churnPerSecond: 64,
  idle: 200,
  webSockets: 200,
  messageEveryMs: 200,
};
/** Requests to be answered between two replacements. */
const ANSWERS_BETWEEN = 200;
/** How long the last old processes may take to end once nothing is left for them to do. */
const END_WAIT_MS = 10_000;

/** Numbers of swaps after which memory is compared: it may grow before the first, not after it. */
const GROWTH = { first: 5, last: 200 };
/** How much memory may have grown: pages of a heap, not a worker (30 MiB). */
const GROWTH_BYTES_MAX = 8 * 2 ** 20;

/**
 * Releases that cannot be used, with the trial that each is given and what the answer says of it.
 */
const BAD_RELEASES = [
  { name: "crashes", trial: "2s", says: "ended on trial (7)" },
  { name: "dies", trial: "2s", says: "ended on trial (8)" },
  { name: "hangs", trial: "1s", says: "did not answer in time" },
];

/** What a load saw of a replacement: see harmOf. */
const HARM_TITLES = [
  "answered",
  "failed requests",
  "keep-alive closed",
  "idle closed",
  "WebSockets closed",
  "lost",
  "doubled",
  "out of order",
  "damaged",
];

/** Those that a swap may not do to connections over TLS either, which it closes. */
const HARM_OVER_TLS: ReadonlySet<string> = new Set([
  "failed requests",
  "doubled",
  "out of order",
  "damaged",
]);

/** What is put in front of the load's origin, and how. */
type Bench = { readonly endpoint: string; readonly files: CertificateFiles | undefined };

const cores = shareCores(allowedCores());
/** Promises that were not kept. */
const misses: string[] = [];

exitOnSignals();
await new Command("bench:swap")
  .description("Replaces the proxy's code under load: Sluice, and nginx and HAProxy if installed.")
  .option("--swaps <count>", "replacements in a row", wholeUpTo(10_000), 50)
  .option(
    "--growth <count>",
    "swaps after which memory is compared",
    wholeUpTo(10_000),
    GROWTH.last,
  )
  .option("--tls", "clients speak TLS, which a swap ends: no request may fail", false)
  .action(run)
  .parseAsync();

type Options = { readonly swaps: number; readonly growth: number; readonly tls: boolean };

async function run({ swaps, growth, tls }: Options): Promise<void> {
  using origin = await VersionOrigin.start("v1");
  await using certificates = await makeCertificateFiles();
  const bench = { endpoint: origin.address, files: tls ? certificates : undefined };
  await compare(bench, swaps);
  await tryBadReleases(bench);
  await measureGrowth(bench, growth);
  for (const miss of misses) console.log(`MISSED: ${miss}`);
  process.exitCode = misses.length > 0 ? 1 : 0;
}

/** The same load and the same number of replacements for everybody. */
async function compare(bench: Bench, swaps: number): Promise<void> {
  console.log(`\n${swaps} replacements in a row; ${describeLoad(bench)}\n`);
  const rows: string[][] = [];
  for (const subject of [sluiceSubject, nginxSubject, haproxySubject]) {
    const version = await subject.version();
    if (version === undefined) console.log(`${subject.name} is not installed: left out`);
    else rows.push(await replaceUnderLoad(subject, { ...bench, version, swaps }));
  }
  console.log(
    markdownTable(
      ["", ...HARM_TITLES, "longest answer (ms)", "to replace (ms)", "old processes left", "MiB"],
      rows,
    ),
  );
}

type Trial = Bench & { readonly version: string; readonly swaps: number };

async function replaceUnderLoad(subject: Subject, trial: Trial): Promise<string[]> {
  await using running = await subject.start(trial.endpoint, cores, trial.files);
  const processes = processTree(running.pid).length;
  await using load = await LiveLoad.start(loadOf(trial, running));
  const tookMs: number[] = [];
  for (let swap = 0; swap < trial.swaps; swap += 1) {
    await load.more(ANSWERS_BETWEEN);
    const startMs = performance.now();
    await running.replace();
    tookMs.push(performance.now() - startMs);
  }
  await load.more(ANSWERS_BETWEEN);
  if (subject === sluiceSubject) await untilProcesses(running, processes);
  const tree = processTree(running.pid);
  const bytes = pssBytesOf(tree);
  const report = await load.finish();
  if (subject === sluiceSubject) expectUnharmed(`${trial.swaps} swaps`, report, trial);
  return [
    `${subject.name} ${trial.version} (${subject.how})`,
    ...harmOf(report).map(numberText),
    numberText(report.longestMs),
    numberText(tookMs.toSorted((a, b) => a - b)[tookMs.length >> 1] ?? 0),
    numberText(tree.length - processes),
    numberText(bytes / 2 ** 20),
  ];
}

/** Code that is not fit to serve, under the same load. */
async function tryBadReleases(bench: Bench): Promise<void> {
  await using folder = await WorkFolder.make();
  await makeReleases(folder.path);
  await using running = await startWithReleases({ ...bench, releases: folder.path }, cores);
  const rows: string[][] = [];
  for (const release of BAD_RELEASES) rows.push(await tryBadRelease(bench, running, release));
  console.log(`\nNew code that is not fit; ${describeLoad(bench)}\n`);
  console.log(markdownTable(["new code", "answer", ...HARM_TITLES], rows));
}

async function tryBadRelease(
  bench: Bench,
  running: RunningSluice,
  { name, trial, says }: (typeof BAD_RELEASES)[number],
): Promise<string[]> {
  const before = processTree(running.pid).join();
  await using load = await LiveLoad.start(loadOf(bench, running));
  const { status, text } = await running.swap(name, trial);
  await load.more(ANSWERS_BETWEEN);
  const report = await load.finish();
  const { code, detail } = JSON.parse(text) as { readonly code?: string; readonly detail?: string };
  const isRefused = status === 409 && code === "swap_refused" && detail?.includes(says) === true;
  if (!isRefused) misses.push(`new code that ${name} was answered with ${status} ${text}`);
  expectUnharmed(`new code that ${name}`, report);
  await untilProcesses(running, before.split(",").length);
  if (processTree(running.pid).join() !== before) misses.push(`${name}: other workers than before`);
  return [name, `${status} ${detail ?? text}`, ...harmOf(report).map(numberText)];
}

/** What many swaps leave behind: processes, descriptors (listening sockets among them), memory. */
async function measureGrowth(bench: Bench, swaps: number): Promise<void> {
  await using running = await startWithReleases(bench, cores);
  const processes = processTree(running.pid).length;
  const light = { ...loadOf(bench, running), busy: 8, idle: 20, webSockets: 20 };
  const looks: { readonly swaps: number; readonly bytes: number; readonly descriptors: number }[] =
    [];
  for (const until of [GROWTH.first, swaps]) {
    const load = await LiveLoad.start(light);
    for (let done = looks.at(-1)?.swaps ?? 0; done < until; done += 1) {
      await load.more(10);
      await running.replace();
    }
    expectUnharmed(`${until} swaps under a light load`, await load.finish(), bench);
    await running.replace();
    await untilProcesses(running, processes);
    const tree = processTree(running.pid);
    await collectGarbage(tree);
    looks.push({ swaps: until, bytes: pssBytesOf(tree), descriptors: descriptorsOf(tree) });
  }
  const [first, last] = looks;
  if (first === undefined || last === undefined) return;
  if (last.bytes > first.bytes + GROWTH_BYTES_MAX) misses.push("memory has grown");
  if (last.descriptors !== first.descriptors) misses.push("descriptors have been left open");
  console.log("\nWhat swaps leave behind\n");
  console.log(
    markdownTable(
      ["after swaps", "processes", "descriptors", "memory without garbage (MiB)"],
      looks.map((look) => [
        String(look.swaps),
        String(processes),
        String(look.descriptors),
        numberText(look.bytes / 2 ** 20),
      ]),
    ),
  );
}

/** Old workers end by themselves once they have given everything away. */
async function untilProcesses(running: RunningSubject, processes: number): Promise<void> {
  const deadlineMs = performance.now() + END_WAIT_MS;
  while (processTree(running.pid).length !== processes) {
    if (performance.now() > deadlineMs) {
      misses.push(`${processTree(running.pid).length} processes, wanted ${processes}`);
      return;
    }
    await sleep(20);
  }
}

/** In the order of HARM_TITLES. All but the first should be 0. */
function harmOf(report: LiveLoadReport): readonly number[] {
  const { lost, doubled, outOfOrder, damaged } = report.messages;
  const { answered, failed, busyClosed, idleClosed, webSocketsClosed } = report;
  const requests = [answered, failed, busyClosed, idleClosed, webSocketsClosed];
  return [...requests, lost, doubled, outOfOrder, damaged];
}

/** `swapped`: what was swapped. Absent: nothing was. */
function expectUnharmed(when: string, report: LiveLoadReport, swapped?: Bench): void {
  harmOf(report).forEach((count, at) => {
    const isMeant = swapped?.files !== undefined && !HARM_OVER_TLS.has(HARM_TITLES[at] ?? "");
    if (at > 0 && count > 0 && !isMeant) misses.push(`${when}: ${HARM_TITLES[at]} ${count}`);
  });
}

function loadOf({ files }: Bench, { port }: RunningSubject): LiveLoadPlan {
  return { ...LOAD, port, secure: files !== undefined };
}

function describeLoad({ files }: Bench): string {
  const { busy, churnPerSecond, idle, webSockets } = LOAD;
  return (
    `${busy} keep-alive connections, ${churnPerSecond} a second that open and close, ` +
    `${idle} idle ones, ${webSockets} WebSockets${files === undefined ? "" : ", all over TLS"}`
  );
}
