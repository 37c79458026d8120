import { afterEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { Load } from "../support/load.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a worker that dies takes with it only what it was working on. Method: SIGKILL, while
 * traffic goes through it, while nobody is there to accept, and while its neighbour works.
 */

/** How soon a worker has to be back. */
const BACK_WITHIN_MS = 1_000;
/** A worker that lived longer than this is replaced without a pause. */
const QUICK_END_MS = 1_000;

let origin: VersionOrigin;
let sidecar: TestSidecar;

async function start(workers: number): Promise<number> {
  origin = await VersionOrigin.start("v1");
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  sidecar = await startSidecar({ workers, services });
  return sidecar.ports[0] ?? 0;
}

afterEach(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
});

/** Kills a worker. Resolves once the sidecar has noticed, which is before it has a new one. */
async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(() => expect(sidecar.workerPids()).not.toContain(pid));
}

/** Resolves once no worker would count as one that ends too soon after its start. */
async function untilGrownUp(): Promise<void> {
  const started = sidecar.log.findLast(({ event }) => event === "worker.started");
  const startedMs = Date.parse(String(started?.["time"]));
  await eventually(() => expect(Date.now() - startedMs).toBeGreaterThan(QUICK_END_MS + 100));
}

/** The sum of sluice_requests_total over its labels. */
async function requestsTotal(): Promise<number> {
  const text = await (await sidecar.call("GET", "/metrics")).text();
  const counts = [...text.matchAll(/^sluice_requests_total\{[^}]*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

test("a worker killed under load loses what is in flight, and is back in a second", async () => {
  const port = await start(1);
  const connections = 32;
  const statuses = new Set<number>();
  await using load = new Load({ port, host: "web", connections }, ({ status }) =>
    statuses.add(status),
  );
  const backAfterMs: number[] = [];
  for (const round of [1, 2, 3]) {
    await load.more(200);
    await untilGrownUp();
    const [pid = 0] = sidecar.workerPids();
    const startMs = performance.now();
    process.kill(pid, "SIGKILL");
    // Every connection is lost with it, once, and with each at most one request.
    await eventually(() => expect(load.closed).toBe(round * connections), 10_000);
    await load.more(1);
    backAfterMs.push(performance.now() - startMs);
    expect(load.lost).toBeLessThanOrEqual(round * connections);
  }
  await load.more(200);
  await load.stop();
  expect([...statuses]).toEqual([200]);
  expect(load.closed).toBe(3 * connections);
  // The fastest of three: something else may need the machine during one of them.
  expect(Math.min(...backAfterMs)).toBeLessThan(BACK_WITHIN_MS);
  const restarts = /^sluice_worker_restarts_total (\d+)$/m;
  expect(restarts.exec(await (await sidecar.call("GET", "/metrics")).text())?.[1]).toBe("3");
});

test("connections that come while no worker is there wait, and are answered", async () => {
  const port = await start(1);
  await untilGrownUp();
  const [pid = 0] = sidecar.workerPids();
  await kill(pid);
  expect(sidecar.workerPids()).toEqual([]);
  const responses = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const client = await KeptConnection.open(port);
      return client.get("web").finally(() => client.close());
    }),
  );
  expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
  expect(sidecar.workerPids()).toHaveLength(1);
});

test("of two workers the other one does not notice, and both act on the next shift", async () => {
  const port = await start(2);
  using canary = await VersionOrigin.start("v2");
  const clients: KeptConnection[] = [];
  for (let opened = 0; opened < 64; opened += 1) {
    clients.push(await KeptConnection.open(port));
    await clients.at(-1)?.get("web");
  }
  const [first = 0, second = 0] = sidecar.workerPids();
  await kill(first);
  await eventually(() => expect(sidecar.workerPids()).toHaveLength(2));
  const survivors = clients.filter(({ isOpen }) => isOpen);
  for (const client of survivors) expect((await client.get("web")).status).toBe(200);
  const versions = {
    v1: { weight: 0, endpoints: [origin.address] },
    v2: { weight: 1, endpoints: [canary.address] },
  };
  expect((await sidecar.call("PUT", "/v1/services/web", { versions })).status).toBe(200);
  for (const client of survivors) expect((await client.get("web")).body).toBe("v2");
  await kill(second);
  // All that it has not shared by then with the one that came.
  await eventually(() => expect(survivors.every(({ isOpen }) => isOpen)).toBe(false));
  const shared = survivors.filter(({ isOpen }) => isOpen);
  for (const client of shared) expect((await client.get("web")).body).toBe("v2");
  // Each had some: the kernel shares new connections among those that wait for them.
  expect(survivors.length).toBeLessThan(clients.length);
  const late = await KeptConnection.open(port);
  expect((await late.get("web")).body).toBe("v2");
  late.close();
});

test("counters never go backwards when workers come and go", async () => {
  const port = await start(2);
  await using load = new Load({ port, host: "web", connections: 16 });
  await load.more(100);
  const totals = [await requestsTotal()];
  for (const round of [1, 2, 3]) {
    const [pid = 0] = sidecar.workerPids();
    process.kill(pid, "SIGKILL");
    await eventually(async () => {
      totals.push(await requestsTotal());
      const ended = sidecar.log.filter(({ event }) => event === "worker.ended").length;
      expect([ended, sidecar.workerPids().length]).toEqual([round, 2]);
    }, 10_000);
  }
  await load.more(100);
  await load.stop();
  totals.push(await requestsTotal());
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
  // Each worker takes up to one interval of counts with it, and never more than there were.
  expect(totals.at(-1)).toBeGreaterThan(totals[0] ?? 0);
  expect(totals.at(-1)).toBeLessThanOrEqual(load.answered + load.lost);
});

test("two workers share the connections that one of them got alone, and close none", async () => {
  const port = await start(2);
  // Ids that a worker makes begin alike: they tell who has passed a request on.
  origin.answer = (response, { headers }) =>
    response.end(String(headers["x-request-id"]).split("-")[0]);
  const [first = 0] = sidecar.workerPids();
  process.kill(first, "SIGSTOP");
  const clients: KeptConnection[] = [];
  const workersOf = async (): Promise<readonly string[]> => {
    const answers = await Promise.all(clients.map((client) => client.get("web")));
    return answers.map(({ body }) => body);
  };
  for (let opened = 0; opened < 40; opened += 1) clients.push(await KeptConnection.open(port));
  onTestFinished(() => clients.forEach((client) => client.close()));
  expect(new Set(await workersOf()).size).toBe(1);
  process.kill(first, "SIGCONT");
  await eventually(async () => {
    const workers = await workersOf();
    const share = workers.filter((worker) => worker === workers[0]).length;
    expect(share).toBeGreaterThanOrEqual(19);
    expect(share).toBeLessThanOrEqual(21);
  }, 10_000);
  expect(clients.filter(({ isOpen }) => !isOpen)).toEqual([]);
});
