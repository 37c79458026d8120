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
const UPGRADES = 2;
/** The last one may be ending its own. */
const UPGRADE_WAIT_MS = 30_000;

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

test("connections of HTTP/2 in clear stay the same in swaps", async () => {
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

/** Asks whoever has the API for an upgrade; it may still be the last one's. @throws until then. */
async function upgraded(sidecar: TestSidecar): Promise<{ pid: number; replaced: number }> {
  const answer = await sidecar.call("POST", "/v1/upgrade", {});
  expect(answer.status).toBe(200);
  return (await answer.json()) as { pid: number; replaced: number };
}

test("connections of HTTP/2 in clear stay the same in upgrades and a swap", async () => {
  const sidecar = await start();
  using load = await Http2Load.start(sidecar.ports[0] ?? 0, "web", COUNTS);
  let primary = sidecar.child.pid;
  onTestFinished(() => void process.kill(primary ?? 0, "SIGKILL"));
  for (let upgrade = 0; upgrade < UPGRADES; upgrade += 1) {
    const { pid, replaced } = await eventually(() => upgraded(sidecar), UPGRADE_WAIT_MS);
    expect(replaced).toBe(primary);
    primary = pid;
    await load.more(100);
  }
  expect((await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" })).status).toBe(200);
  await load.more(100);
  await untilAllThere(sidecar);
  expect(await load.finish()).toMatchObject(UNHARMED);
});
