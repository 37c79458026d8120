import { readFileSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { LiveLoad } from "../support/live-load.ts";
import type { LiveLoadPlan } from "../support/live-load.ts";
import { Load } from "../support/load.ts";
import type { Answered } from "../support/load.ts";
import { makeReleases } from "../support/release.ts";
import { runSluice } from "../support/run-sluice.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: the workers' code is replaced, whoever asks for it and whatever the code, and no client can
 * tell. Method: real processes under every kind of connection at once; `npm run bench:swap` is the
 * same, heavier. What one connection goes through: test/proxy/hand-over/hand-over.test.ts.
 */

/** Every kind of connection, in as heavy a load as the gate can afford. */
const LOAD = {
  host: "web",
  busy: 16,
  pauseMs: 5,
  churnPerSecond: 64,
  idle: 50,
  webSockets: 50,
  messageEveryMs: 50,
} satisfies Partial<LiveLoadPlan>;

/** What a load sees when nothing happens to it. */
const UNHARMED = {
  failed: 0,
  failures: {},
  busyClosed: 0,
  idleClosed: 0,
  webSocketsClosed: 0,
  messages: { lost: 0, doubled: 0, outOfOrder: 0, damaged: 0 },
};

/** A call leaves no connection to the API open, since the sidecar's descriptors are counted. */
const ONCE = { connection: "close" };

let v1: VersionOrigin;
let v2: VersionOrigin;
let releases: string;
const sidecars: TestSidecar[] = [];

beforeEach(async () => {
  [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  releases = await temporaryFolder();
  await makeReleases(releases);
});
afterEach(async () => {
  await Promise.all(sidecars.splice(0).map((sidecar) => sidecar.stop()));
  for (const origin of [v1, v2]) origin[Symbol.dispose]();
});

async function start(workers: number): Promise<TestSidecar> {
  const versions = {
    v1: { weight: 100, endpoints: [v1.address] },
    v2: { weight: 0, endpoints: [v2.address] },
  };
  const sidecar = await startSidecar({
    workers,
    releases,
    services: { web: { via: "both", versions } },
  });
  sidecars.push(sidecar);
  return sidecar;
}

async function swap(sidecar: TestSidecar, body: object = {}): Promise<readonly number[]> {
  const options = { trial: "100ms", ...body };
  const response = await sidecar.call("POST", "/v1/workers/swap", options, ONCE);
  const report = (await response.json()) as { readonly started: readonly number[] };
  expect([response.status, report]).toMatchObject([200, { started: expect.any(Array) }]);
  return report.started;
}

/** The ways to swap, in turn. Each resolves once new workers serve. */
const WAYS: readonly ((sidecar: TestSidecar) => Promise<unknown>)[] = [
  (sidecar) => swap(sidecar),
  (sidecar) => swap(sidecar, { release: "green" }),
  async (sidecar) => {
    const ended = await runSluice(["swap", "--trial", "100ms", "--api", sidecar.api]);
    expect(ended).toMatchObject({ status: 0, error: "" });
    expect(ended.out).toMatch(/^Workers \d+ serve in place of \d+\n$/);
  },
  async (sidecar) => {
    const swaps = (): number =>
      sidecar.log.filter(({ event }) => event === "workers.swapped").length;
    const before = swaps();
    sidecar.child.kill("SIGUSR2");
    await eventually(() => expect(swaps()).toBe(before + 1));
  },
];

/** Open descriptors of the primary and of all of its workers. */
function descriptors({ child, workerPids }: TestSidecar): readonly number[] {
  return [child.pid, ...workerPids()].map((pid) => readdirSync(`/proc/${pid}/fd`).length);
}

/** Processes that the primary has started and that still run. */
function childrenOf(pid: number | undefined): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid)
    .toSorted((a, b) => a - b);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It has ended in the meantime.
    return undefined;
  }
}

/** Resolves once the sidecar has as many processes as it has workers, and knows no others. */
async function untilOnlyWorkers(sidecar: TestSidecar, workers = 1): Promise<void> {
  await eventually(() => {
    expect(sidecar.workerPids()).toHaveLength(workers);
    expect(childrenOf(sidecar.child.pid)).toEqual(sidecar.workerPids().toSorted((a, b) => a - b));
  });
}

async function requests(sidecar: TestSidecar): Promise<ReadonlyMap<string, number>> {
  const text = await (await sidecar.call("GET", "/metrics", undefined, ONCE)).text();
  const lines = text.matchAll(/^sluice_requests_total\{.*version="v1",code="(\w+)"\} (\d+)$/gm);
  return new Map([...lines].map(([, code = "", count]) => [code, Number(count)]));
}

/** Who answers, according to Via. */
async function via({ ports }: TestSidecar): Promise<string> {
  const client = await KeptConnection.open(ports[0] ?? 0);
  const { head } = await client.get("web").finally(() => client.close());
  return /^via: 1\.1 (\S+)/im.exec(head)?.[1] ?? "";
}

test("swaps in a row, under every kind of connection, are seen by no client", async () => {
  const sidecar = await start(1);
  await swap(sidecar);
  await untilOnlyWorkers(sidecar);
  const before = descriptors(sidecar);
  const load = await LiveLoad.start({ ...LOAD, port: sidecar.ports[0] ?? 0 });
  for (let round = 0; round < 2; round += 1) {
    for (const way of WAYS) {
      await load.more(50);
      await way(sidecar);
    }
  }
  await load.more(50);
  const report = await load.finish();
  expect(report).toMatchObject(UNHARMED);
  expect(report.messages.echoed).toBe(report.messages.sent);
  // Eight workers have counted, one is left: no request is missing, and none is counted twice.
  const counts = await requests(sidecar);
  expect([counts.get("2xx"), counts.get("1xx")]).toEqual([report.answered, LOAD.webSockets]);
  expect(v1.requests).toBe(report.answered);
  for (let more = 0; more < 3; more += 1) await swap(sidecar);
  // Nothing of theirs is left: no process, no socket, no listener.
  await untilOnlyWorkers(sidecar);
  await eventually(() => expect(descriptors(sidecar)).toEqual(before));
  expect(complaintsOf(sidecar)).toEqual([]);
  expect(sidecar.stderr()).toBe("");
});

test("two workers swap during shifts, and each shift is in force when answered", async () => {
  const sidecar = await start(2);
  const [port = 0] = sidecar.ports;
  let inForce = "v1";
  const wrong: Answered[] = [];
  await using load = new Load({ port, host: "web", connections: 16 }, (answered) => {
    const { status, body, sentMark, answeredMark } = answered;
    const isJudged = sentMark % 2 === 0 && sentMark === answeredMark;
    if (status !== 200 || (isJudged && body !== inForce)) wrong.push(answered);
  });
  const swapping = new AbortController();
  const swaps = (async () => {
    for (let each = 0; each < 4; each += 1) await swap(sidecar);
    swapping.abort();
  })();
  let shifts = 0;
  for (; !swapping.signal.aborted; shifts += 1) {
    const next = inForce === "v1" ? "v2" : "v1";
    const weights = { v1: next === "v1" ? 100 : 0, v2: next === "v2" ? 100 : 0 };
    load.mark += 1;
    expect((await sidecar.call("PATCH", "/v1/services/web/weights", weights)).status).toBe(200);
    inForce = next;
    load.mark += 1;
    await load.more(20);
  }
  await swaps;
  await load.stop();
  expect(wrong).toEqual([]);
  expect({ lost: load.lost, closed: load.closed }).toEqual({ lost: 0, closed: 0 });
  expect(shifts).toBeGreaterThan(4);
  await untilOnlyWorkers(sidecar, 2);
});

test("a release takes over open connections, and so does the one before again", async () => {
  const sidecar = await start(1);
  const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  const viaOf = async (): Promise<string> => (await client.get("web")).head;
  expect(await viaOf()).not.toContain("-green");
  const [green = 0] = await swap(sidecar, { release: "green" });
  await eventually(async () => expect(await viaOf()).toMatch(/^via: 1\.1 sluice-\w+-green$/im));
  // Its successor after a crash is of the same release, and so is that of a swap that names none.
  process.kill(green, "SIGKILL");
  await eventually(() => expect(sidecar.workerPids()).not.toContain(green));
  expect(await via(sidecar)).toContain("-green");
  await swap(sidecar);
  expect(await via(sidecar)).toContain("-green");
  client.close();
});

/** Swaps to a release that cannot be used, under load. Resolves with why it was refused. */
async function refusal(release: string, trial: string): Promise<string> {
  const sidecar = await start(1);
  const old = sidecar.workerPids();
  const load = await LiveLoad.start({ ...LOAD, busy: 4, pauseMs: 20, port: sidecar.ports[0] ?? 0 });
  const response = await sidecar.call("POST", "/v1/workers/swap", { release, trial });
  const problem = (await response.json()) as { readonly code: string; readonly detail: string };
  expect([response.status, problem.code]).toEqual([409, "swap_refused"]);
  await load.more(50);
  expect(await load.finish()).toMatchObject(UNHARMED);
  expect(sidecar.workerPids()).toEqual(old);
  await untilOnlyWorkers(sidecar);
  return problem.detail;
}

test("a release that crashes, dies or hangs is refused, and nobody notices", async () => {
  const [crashed, died, hung] = await Promise.all([
    refusal("crashes", "2s"),
    refusal("dies", "2s"),
    refusal("hangs", "100ms"),
  ]);
  expect(crashed).toMatch(/^Cannot swap workers: worker \d+ ended on trial \(7\)$/);
  expect(died).toMatch(/^Cannot swap workers: worker \d+ ended on trial \(8\)$/);
  expect(hung).toMatch(/^Cannot swap workers: worker \d+ on trial did not answer in time$/);
});

test("a release that is not there is refused", async () => {
  const sidecar = await start(1);
  const swapped = await sidecar.call("POST", "/v1/workers/swap", { release: "blue" });
  expect([swapped.status, await swapped.json()]).toMatchObject([409, { code: "swap_refused" }]);
  const ended = await runSluice(["swap", "--release", "../green", "--api", sidecar.api]);
  expect(ended.status).not.toBe(0);
  expect(ended.error).toContain('found "../green"');
});
