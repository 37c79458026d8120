import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ServiceView } from "../../control/views/service-view.ts";
import { EventLog } from "../support/event-log.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusedRun } from "../support/run-sluice.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { TcpOrigin } from "../support/tcp-origin.ts";

/*
 * Goal: connections of any protocol are split, moved and kept as those of HTTP are. Method: a real
 * sidecar before two origins that speak first and echo; connections talk while weights, workers and
 * the whole process change.
 */

const WORKERS = 2;

let v1: TcpOrigin;
let v2: TcpOrigin;
let sidecar: TestSidecar;
let port: number;
const clients: RawSocket[] = [];

beforeEach(async () => {
  [v1, v2] = [await TcpOrigin.start("v1"), await TcpOrigin.start("v2")];
  sidecar = await startSidecar({
    workers: WORKERS,
    listeners: [{ bind: "127.0.0.1:0", tcp: "echo" }],
    services: { echo: echoService({}) },
  });
  port = sidecar.ports[0] ?? 0;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await sidecar.stop();
});

function echoService(more: object): object {
  const versions = {
    v1: { weight: 50, endpoints: [v1.address] },
    v2: { weight: 50, endpoints: [v2.address] },
  };
  return { kind: "tcp", versions, ...more };
}

/** Clients that have heard from their endpoint. */
async function open(count: number): Promise<RawSocket[]> {
  const opened: RawSocket[] = [];
  for (let times = 0; times < count; times += 1) {
    const client = await RawSocket.open({ port });
    clients.push(client);
    await client.until("\n");
    opened.push(client);
  }
  return opened;
}

function versionOf({ text }: RawSocket): string {
  return text.slice(0, 2);
}

/** Each client says this and hears it. */
async function talk(all: readonly RawSocket[], words: string): Promise<void> {
  await Promise.all(all.map((client) => client.send(words).until(words)));
}

async function shift(weights: object): Promise<void> {
  expect((await sidecar.call("PATCH", "/v1/services/echo/weights", weights)).status).toBe(200);
}

async function view(): Promise<ServiceView> {
  const response = await sidecar.call("GET", "/v1/services/echo");
  return (await response.json()) as ServiceView;
}

describe("A service of kind tcp", () => {
  test("is split exactly in each worker, and follows a shift with what is new", async () => {
    const all = await open(40);
    const ofV1 = all.filter((client) => versionOf(client) === "v1").length;
    expect(Math.abs(ofV1 - 20)).toBeLessThanOrEqual(WORKERS);
    await shift({ v1: 0, v2: 100 });
    const later = await open(10);
    expect(new Set(later.map(versionOf))).toEqual(new Set(["v2"]));
    await talk(all, "still here");
    const { kind, versions } = await view();
    expect(kind).toBe("tcp");
    expect(versions["v1"]?.tunnelsOpen).toBe(ofV1);
  });

  test("keeps its connections over a swap and an upgrade, with every byte", async () => {
    const all = await open(20);
    await talk(all, "before");
    const before = sidecar.workerPids();
    const talks = talk(all, "during the swap");
    expect((await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" })).status).toBe(200);
    await talks;
    await talk(all, "after the swap");
    await eventually(() => expect(sidecar.workerPids()).not.toEqual(before));
    const upgraded = sidecar.call("POST", "/v1/upgrade", {});
    await talk(all, "during the upgrade");
    const answer = await upgraded;
    expect(answer.status).toBe(200);
    const { pid } = (await answer.json()) as { readonly pid: number };
    try {
      await sidecar.ended;
      await talk(all, "after the upgrade");
      expect(all.every(({ fate }) => fate === "open")).toBe(true);
      expect(v1.visits.length + v2.visits.length).toBe(all.length);
      for (const client of all) {
        const wanted = ["before", "during the swap", "after the swap", "during the upgrade"];
        expect(client.text).toBe(`${versionOf(client)}\n${wanted.join("")}after the upgrade`);
      }
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  test("migrates at a rate: who is silent first, who talks when it pauses", async () => {
    const service = echoService({ onShift: "migrate", drain: { connectionsPerSecond: 100 } });
    await sidecar.call("PUT", "/v1/services/echo", service);
    await shift({ v1: 100, v2: 0 });
    const all = await open(20);
    const [busy] = all as [RawSocket];
    const events = await EventLog.open(sidecar);
    const chatter = setInterval(() => busy.send("."), 100);
    try {
      await shift({ v1: 0, v2: 100 });
      await Promise.all(all.slice(1).map((client) => client.ended()));
      expect(all.slice(1).map(({ fate }) => fate)).toEqual(Array(19).fill("fin"));
      expect(busy.fate).toBe("open");
      for (const client of all.slice(1)) client.finish();
    } finally {
      clearInterval(chatter);
    }
    expect(await busy.ended()).toBe("fin");
    busy.finish();
    const sent = v1.visits.find(({ text }) => text !== "")?.text ?? "";
    expect(busy.text).toBe(`v1\n${sent}`);
    await eventually(() => expect(events.of("drain").at(-1)).toMatchObject({ state: "done" }));
    events.close();
  });

  test("is left in a drain of the whole sidecar, and its listener closed", async () => {
    await sidecar.writeConfig({ services: {} });
    const [client] = (await open(1)) as [RawSocket];
    sidecar.child.kill("SIGTERM");
    expect(await client.ended()).toBe("fin");
    client.finish();
    expect(await sidecar.ended).toBe(0);
  });

  test("is refused where a listener leads to it by the other kind: API and plan", async () => {
    const http = { versions: { v1: { endpoints: [v1.address] } } };
    for (const path of ["/v1/services/echo", "/v1/services/echo/plan"]) {
      const response = await sidecar.call(path.endsWith("plan") ? "POST" : "PUT", path, http);
      expect([response.status, await response.text()]).toEqual([
        422,
        expect.stringContaining("wanted a service of kind tcp"),
      ]);
    }
    expect((await view()).kind).toBe("tcp");
  });

  test("is refused where a listener leads to it by the other kind: reload and start", async () => {
    const listeners = [{ bind: `127.0.0.1:${port}`, service: "echo" }];
    const config = { listeners, services: { echo: echoService({}) } };
    await sidecar.writeConfig(config);
    const response = await sidecar.call("POST", "/v1/reload", {});
    expect([response.status, await response.text()]).toEqual([
      422,
      expect.stringContaining("wanted a service of kind http"),
    ]);
    await talk(await open(1), "unharmed");
    const ended = await refusedRun({
      ...config,
      listeners: [{ bind: "127.0.0.1:0", service: "echo" }],
    });
    expect(ended.error).toContain("wanted a service of kind http");
  });
});
