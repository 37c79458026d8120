import { expect, onTestFinished } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { swapUnderLoad } from "../../support/swap-under-load.ts";
import { complaintsOf, startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { freePorts } from "../../../control/cli/demo/children.ts";
import { makeBedFiles, startHttp2Bed } from "./http2-bed.ts";
import type { Http2Bed, Scheme } from "./http2-bed.ts";
import { NOTHING_LOST, NumbersLoad } from "./numbers-load.ts";

/** Calls, and messages of streams, between two changes. */
const MORE_A_CHANGE = 100;
/** Old workers end once the streams that they still have are over. */
const END_WAIT_MS = 30_000;
/** A sidecar that is told to end accepts for so long, and then lets streams end. */
const DRAIN = { acceptFor: "200ms", soft: "20s", hard: "25s" };

type LoadedBed = { readonly bed: Http2Bed; readonly load: NumbersLoad };

async function startBed(scheme: Scheme): Promise<LoadedBed> {
  const files = await makeBedFiles();
  onTestFinished(() => files[Symbol.asyncDispose]());
  const load = await NumbersLoad.start(scheme === "https" ? files.roots : undefined);
  onTestFinished(() => load[Symbol.asyncDispose]());
  const [v1, v2] = load.endpoints;
  const web = { versions: { v1, v2 }, upstream: { protocol: "h2" } };
  const bed = await startHttp2Bed({ web }, files, { workers: 2 });
  onTestFinished(() => bed[Symbol.asyncDispose]());
  load.send([new URL(bed.url("web", scheme)).host]);
  await load.more(MORE_A_CHANGE);
  return { bed, load };
}

/** Ends a load and expects that it lost, doubled and mixed up nothing. */
async function expectNothingLost(load: NumbersLoad, least: number): Promise<void> {
  const report = await load.stop();
  process.stdout.write(`${JSON.stringify(report)}\n`);
  expect(report).toMatchObject(NOTHING_LOST);
  expect(Math.min(report.unary, report.messages)).toBeGreaterThan(least);
  expect(Math.min(report.streams, report.gets)).toBeGreaterThan(0);
}

/** Shifts all traffic from one version to the other and back, `times` in all, under load. */
export async function shiftNumbers(times: number, scheme: Scheme): Promise<void> {
  const { bed, load } = await startBed(scheme);
  for (let shift = 1; shift <= times; shift += 1) {
    await bed.shift("web", shift % 2 === 1 ? "v2" : "v1");
    await load.more(MORE_A_CHANGE);
  }
  const { versions } = await load.report();
  expect(Math.min(versions["v1"] ?? 0, versions["v2"] ?? 0)).toBeGreaterThan(times);
  await expectNothingLost(load, times * MORE_A_CHANGE);
}

/**
 * Exchanges the workers `times` under load. Of the connections in clear that carry requests alone
 * few may be lost: without a hand-over each of the four clients would lose one in each swap.
 */
export async function swapUnderNumbers(times: number, scheme: Scheme): Promise<void> {
  const { bed, load } = await startBed(scheme);
  const { sidecar } = bed;
  const { dials } = await load.report();
  for (let swap = 0; swap < times; swap += 1) {
    await swapUnderLoad(sidecar);
    await load.more(MORE_A_CHANGE);
  }
  const opened = (await load.report()).dials - dials;
  if (scheme === "http") expect(opened).toBeLessThanOrEqual(times);
  await expectNothingLost(load, times * MORE_A_CHANGE);
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(2), END_WAIT_MS);
  expect(complaintsOf(sidecar)).toEqual([]);
}

/** Ends one of two sidecars after the other with SIGTERM, and starts it again, under load. */
export async function restartUnderNumbers(times: number): Promise<void> {
  const load = await NumbersLoad.start();
  onTestFinished(() => load[Symbol.asyncDispose]());
  const [v1, v2] = load.endpoints;
  const versions = { v1: { weight: 1, endpoints: [v1] }, v2: { weight: 1, endpoints: [v2] } };
  const start = (port: number): Promise<TestSidecar> =>
    startSidecar({
      listeners: [{ bind: `127.0.0.1:${port}`, service: "web" }],
      drain: DRAIN,
      services: { web: { versions, upstream: { protocol: "h2" } } },
    });
  const ports = await freePorts();
  const sidecars = [await start(ports[0]), await start(ports[1])];
  onTestFinished(async () => {
    for (const sidecar of sidecars) await sidecar.stop();
  });
  load.send(ports.map((port) => `127.0.0.1:${port}`));
  for (let restart = 0; restart < times; restart += 1) {
    await load.more(MORE_A_CHANGE);
    const place = restart % 2;
    const old = sidecars[place] as TestSidecar;
    old.child.kill("SIGTERM");
    expect(await old.ended).toBe(0);
    expect(complaintsOf(old)).toEqual([]);
    await old.stop();
    sidecars[place] = await start(ports[place] as number);
  }
  await load.more(MORE_A_CHANGE);
  await expectNothingLost(load, times * MORE_A_CHANGE);
}
