import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Http2Load } from "../support/http2-load.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: connections of HTTP/2 in clear live through swaps and upgrades, busy or idle: no request
 * fails, and nobody notices who sends nothing.
 * Method: real processes under Node's client. What one connection goes through:
 * test/proxy/hand-over/http2-hand-over.test.ts.
 */

const COUNTS = { busy: 8, streams: 4, idle: 16 };
/** Where a request takes too long on a slow machine, a busy connection is asked to leave. */
const UNHARMED = { failed: 0, idleLost: 0 };
const SWAPS = 3;

let origin: VersionOrigin;
beforeAll(async () => {
  origin = await VersionOrigin.start("v1");
});
afterAll(() => origin[Symbol.dispose]());

async function start(): Promise<TestSidecar> {
  const versions = { v1: { endpoints: [origin.address] } };
  const sidecar = await startSidecar({ workers: 2, services: { web: { versions } } });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

/** Resolves when all connections are counted once, in whichever worker they are. */
async function untilAllThere(sidecar: TestSidecar): Promise<void> {
  await eventually(async () => {
    const text = await (await sidecar.call("GET", "/metrics")).text();
    expect(text).toContain(`sluice_connections{kind="h2"} ${COUNTS.busy + COUNTS.idle}\n`);
  });
}

test("connections of HTTP/2 in clear are the same after swaps as before", async () => {
  const sidecar = await start();
  using load = await Http2Load.start(sidecar.ports[0] ?? 0, "web", COUNTS);
  for (let swap = 0; swap < SWAPS; swap += 1) {
    const { status } = await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
    expect(status).toBe(200);
    await load.more(100);
  }
  // None of them is left in an old worker.
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(2));
  await untilAllThere(sidecar);
  expect(await load.finish()).toMatchObject(UNHARMED);
  expect(complaintsOf(sidecar)).toEqual([]);
});

test("connections of HTTP/2 in clear are the same after an upgrade as before", async () => {
  const sidecar = await start();
  using load = await Http2Load.start(sidecar.ports[0] ?? 0, "web", COUNTS);
  const upgraded = await sidecar.call("POST", "/v1/upgrade", {});
  const { pid } = (await upgraded.json()) as { readonly pid: number };
  onTestFinished(() => void process.kill(pid, "SIGKILL"));
  expect(upgraded.status).toBe(200);
  expect(await sidecar.ended).toBe(0);
  await load.more(100);
  await untilAllThere(sidecar);
  expect(await load.finish()).toMatchObject(UNHARMED);
});
