import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin, answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { StalledListener } from "../../support/stalled-listener.ts";
import { DataPlane, head, responseOf, serviceAt } from "./data-plane.ts";

const CLIENTS = 20;
/** For the worker and for its primary; so many clients are too many. */
const FEW_DESCRIPTORS = 90;
/** Low enough that any of the tests would cause an ejection. */
const policy = { timeout: "500ms", ejection: { consecutive: 2 }, retries: { attempts: 0 } };

const canLimit = hasPrlimit();

function hasPrlimit(): boolean {
  try {
    execFileSync("prlimit", ["--version"]);
    return true;
  } catch {
    process.stdout.write("skipped: a worker without descriptors, since there is no prlimit\n");
    return false;
  }
}

/** Lets a process have no more descriptors than it has, or as many as before. */
function limitDescriptors(pid: number, isLimited: boolean): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let firstFree = 0;
  while (open.has(firstFree)) firstFree += 1;
  const count = isLimited ? firstFree : 1_024;
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${count}:`]);
}

describe("an endpoint pays only for what it did (docs/health.md)", () => {
  const path = join(tmpdir(), `sluice-full-${process.pid}.sock`);
  let plane: DataPlane;
  let well: RawOrigin;
  let full: StalledListener;

  beforeAll(async () => {
    well = await RawOrigin.start();
    full = await StalledListener.start(path);
    const two = (other: string): object => serviceAt([well.address, other], policy);
    plane = await DataPlane.start(
      {},
      {
        workers: 1,
        services: {
          // By latency, whoever fails at first would hardly be asked again.
          streams: { ...two("127.0.0.1:1"), balance: "leastRequest" },
          busy: { ...two(full.address), connectTimeout: "200ms" },
        },
      },
    );
  });
  afterEach(async () => {
    for (const { socket } of well.connections) socket.destroy();
    well.clear();
    await plane.endTest();
  });
  afterAll(async () => {
    await plane[Symbol.asyncDispose]();
    well[Symbol.dispose]();
    full[Symbol.dispose]();
    await rm(path, { force: true });
  });

  /** Clients that have sent nothing yet. */
  function clients(count = CLIENTS): Promise<readonly RawSocket[]> {
    return Promise.all(Array.from({ length: count }, () => plane.open()));
  }

  /** Endpoints of a service that a worker has ejected. */
  async function ejected(service: string): Promise<readonly string[]> {
    const found = (await plane.services()).find(({ name }) => name === service);
    const ends = Object.values(found?.versions ?? {}).flatMap(({ endpoints }) => endpoints);
    return ends.filter(({ ejectedBy }) => ejectedBy > 0).map(({ address }) => address);
  }

  test("streams that pass `timeout` together are cut, and counted as answered", async () => {
    well.onRequest = answer(`${head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}2\r\nok\r\n`);
    // The other endpoint refuses, and is out after two requests.
    for (const client of await clients(8)) client.send(head("GET / HTTP/1.1", "Host: streams"));
    await eventually(async () => expect(await ejected("streams")).toEqual(["127.0.0.1:1"]));
    const streaming = await clients();
    for (const client of streaming) client.send(head("GET / HTTP/1.1", "Host: streams"));
    for (const client of streaming) expect(await client.ended()).toBe("reset");
    expect(await ejected("streams")).toEqual(["127.0.0.1:1"]);
    const text = await (await plane.sidecar.call("GET", "/metrics")).text();
    const outcome = 'sluice_attempts_total{service="streams",version="v1",outcome=';
    expect(text).toContain(`${outcome}"timeout"} 0\n`);
  });

  test("a Unix socket's full queue is 503 after connectTimeout, and ejects nothing", async () => {
    const all = await clients();
    for (const client of all) client.send(head("GET / HTTP/1.1", "Host: busy"));
    const answers = await Promise.all(all.map((client) => client.response()));
    const errors = answers.filter(({ status }) => status !== 200);
    expect(errors.length).toBeGreaterThan(2);
    for (const response of errors) {
      expect([response.status, response.field("retry-after")]).toEqual([503, "1"]);
      expect(response.field("proxy-status")).toBe("sluice; error=connection_limit_reached");
    }
    expect(await ejected("busy")).toEqual([]);
    const text = await (await plane.sidecar.call("GET", "/metrics")).text();
    const ours = 'sluice_local_replies_total{service="busy",error="connection_limit_reached"}';
    expect(text).toContain(`${ours} ${errors.length}\n`);
  });

  test.runIf(canLimit)("no descriptors: 503 of our own, no ejection, one log line", async () => {
    const [worker = 0] = plane.sidecar.workerPids();
    const all = await clients();
    await eventually(async () => expect(await plane.connectionsOpen()).toBe(CLIENTS));
    limitDescriptors(worker, true);
    try {
      for (const client of all) client.send(head("GET / HTTP/1.1", "Host: web"));
      for (const client of all) {
        const response = await client.response();
        expect([response.status, response.field("retry-after")]).toEqual([503, "1"]);
        expect(response.field("proxy-status")).toBe("sluice; error=proxy_internal_error");
      }
    } finally {
      limitDescriptors(worker, false);
    }
    expect(await ejected("web")).toEqual([]);
    expect(await plane.attempts("local")).toBeGreaterThanOrEqual(CLIENTS);
    const lines = plane.sidecar.log.filter(({ code }) => code === "EMFILE");
    expect(lines).toMatchObject([{ event: "worker.local-fault", level: "warn", doing: "connect" }]);
    plane.origin.onRequest = answer(responseOf("200 OK", "back"));
    for (const client of all.slice(0, 3)) {
      client.send(head("GET / HTTP/1.1", "Host: web"));
      expect((await client.response()).body).toBe("back");
    }
  });

  // It changes the sidecar's limit for good.
  test.runIf(canLimit)("no descriptors for clients: 503 and not a word less", async () => {
    const pid = String(plane.sidecar.child.pid);
    execFileSync("prlimit", ["--pid", pid, `--nofile=${FEW_DESCRIPTORS}:${FEW_DESCRIPTORS}`]);
    expect((await plane.sidecar.call("POST", "/v1/workers/swap")).status).toBe(200);
    const all = await clients(FEW_DESCRIPTORS);
    await eventually(async () => {
      const turnedAway = all.filter(({ fate }) => fate === "fin").length;
      expect(turnedAway).toBeGreaterThan(0);
      expect(turnedAway + (await plane.connectionsOpen())).toBe(FEW_DESCRIPTORS);
    });
    const taken = all.filter(({ fate }) => fate === "open");
    for (const client of taken) client.send(head("GET / HTTP/1.1", "Host: web"));
    const statuses = new Set<number>();
    for (const client of all) statuses.add((await client.response()).status);
    expect([...statuses].toSorted((left, right) => left - right)).toEqual([200, 503]);
    const metrics = await (await plane.sidecar.call("GET", "/metrics")).text();
    expect(metrics).toMatch(/sluice_local_faults_total\{code="EMFILE"\} [1-9]/);
    expect(plane.sidecar.log.filter(({ doing }) => doing === "accept")).not.toEqual([]);
    expect(await ejected("web")).toEqual([]);
  });
});
