import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: SIGTERM ends a sidecar without losing a request, and a second one ends it at once. Method:
 * a request that the origin holds back is under way when the signal comes.
 */

let origin: VersionOrigin;
let sidecar: TestSidecar | undefined;
/** Lets the origin answer. */
let finish: () => void;

beforeEach(async () => {
  origin = await VersionOrigin.start("v1");
  const held = Promise.withResolvers<void>();
  finish = held.resolve;
  origin.answer = (response, request) => {
    if (request.url !== "/slow") response.end("quick");
    else void held.promise.then(() => response.end("slow"));
  };
});
afterEach(async () => {
  await sidecar?.stop();
  origin[Symbol.dispose]();
});

async function start(drain: object): Promise<TestSidecar> {
  const healthCheck = { path: "/", interval: "1s" };
  const web = { healthCheck, versions: { v1: { endpoints: [origin.address] } } };
  sidecar = await startSidecar({ workers: 2, drain, services: { web } });
  return sidecar;
}

test("a drain fails readyz, accepts a while, answers what is under way, exits with 0", async () => {
  const running = await start({ acceptFor: "1s", hard: "20s" });
  const [port = 0] = running.ports;
  const [busy, idle] = [await KeptConnection.open(port), await KeptConnection.open(port)];
  expect((await idle.get("web")).body).toBe("quick");
  const underWay = busy.get("web", "/slow");
  await eventually(() => expect(origin.requests).toBeGreaterThan(1));
  running.child.kill("SIGTERM");
  await eventually(async () => {
    const ready = await running.call("GET", "/readyz");
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reasons: ["draining"], stale: [], problems: [] },
    ]);
  });
  // Whoever has not heard of it yet is still served.
  const late = await KeptConnection.open(port);
  expect((await late.get("web")).body).toBe("quick");
  await eventually(() => expect([idle.isOpen, late.isOpen]).toEqual([false, false]));
  await expect(KeptConnection.open(port)).rejects.toThrow("ECONNREFUSED");
  expect(busy.isOpen).toBe(true);
  finish();
  expect(await underWay).toMatchObject({ status: 200, body: "slow" });
  expect(await running.ended).toBe(0);
  expect(running.log.at(-1)?.event).toBe("drain.done");
});

test("a drain ends what is left at its deadline, and says so", async () => {
  const running = await start({ acceptFor: "0s", hard: "300ms" });
  const client = await KeptConnection.open(running.ports[0] ?? 0);
  const underWay = client.get("web", "/slow").then(({ head }) => head, String);
  await eventually(() => expect(origin.requests).toBeGreaterThan(0));
  running.child.kill("SIGTERM");
  expect(await running.ended).toBe(0);
  expect(await underWay).toMatch(
    /^HTTP\/1\.1 503 .*\r\nProxy-Status: sluice; error=.*\r\nConnection: close/s,
  );
});

test.each(["acceptFor", "hard"])("a second SIGTERM ends a drain at once (in %s)", async (phase) => {
  const long = { acceptFor: "0s", hard: "10m", [phase]: "10m" };
  const running = await start(long);
  const client = await KeptConnection.open(running.ports[0] ?? 0);
  const underWay = client.get("web", "/slow").catch(String);
  await eventually(() => expect(origin.requests).toBeGreaterThan(0));
  running.child.kill("SIGTERM");
  await eventually(() => expect(running.log.at(-1)?.event).toBe("drain.begin"));
  running.child.kill("SIGTERM");
  expect(await running.ended).toBe(0);
  expect(await underWay).toContain("closed before the answer was whole");
});

test("an open event stream is told of the drain and does not hold it up", async () => {
  const running = await start({ acceptFor: "0s", hard: "10m" });
  const stream = await running.call("GET", "/v1/events");
  running.child.kill("SIGTERM");
  expect(await stream.text()).toContain("event: drain\n");
  expect(await running.ended).toBe(0);
});

test("POST /v1/drain drains as SIGTERM does, and a reload is refused from then on", async () => {
  const running = await start({ acceptFor: "1s", hard: "10m" });
  expect((await running.call("POST", "/v1/drain")).status).toBe(202);
  const reload = await running.call("POST", "/v1/reload");
  expect([reload.status, await reload.json()]).toMatchObject([503, { code: "draining" }]);
  expect(await running.ended).toBe(0);
});

test("a worker that is stuck does not hold up a drain for good", async () => {
  const running = await start({ acceptFor: "0s", hard: "0s" });
  const [pid = 0] = running.workerPids();
  process.kill(pid, "SIGSTOP");
  running.child.kill("SIGTERM");
  expect(await running.ended).toBe(0);
});
