/**
 * Goal: a new primary process takes a sidecar's place, and no client notices. Method: real
 * processes; keep-alive clients and WebSockets with numbered messages go on while `POST
 * /v1/upgrade` runs.
 */
import { once } from "node:events";
import { createServer, request, Agent } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

const origin = createServer((_request, response) => response.end("ok"));
const sockets = new WebSocketServer({ server: origin });
sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(message)));

beforeAll(async () => {
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
});

afterAll(() => {
  for (const client of sockets.clients) client.terminate();
  origin.closeAllConnections();
  origin.close();
});

function configFor(store: object): object {
  const { port } = origin.address() as AddressInfo;
  const versions = { v1: { weight: 1, endpoints: [`127.0.0.1:${port}`] } };
  return { store, services: { web: { hosts: ["127.0.0.1"], versions } } };
}

/** One request over the agent's connections. Resolves with the status or the error's message. */
function get(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ port, host: "127.0.0.1", agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(String(response.statusCode)));
    });
    asked.on("error", (error) => resolve(error.message));
    asked.end();
  });
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function upgrade(sidecar: TestSidecar): Promise<{ pid: number; replaced: number }> {
  const answer = await sidecar.call("POST", "/v1/upgrade", {});
  expect(answer.status).toBe(200);
  return (await answer.json()) as { pid: number; replaced: number };
}

describe.each([
  { name: "memory", store: { kind: "memory" } },
  { name: "file", store: { kind: "file", path: "state.json" } },
])("POST /v1/upgrade with the $name store", ({ store }) => {
  test("keeps every connection, the table and the counts", async () => {
    const sidecar = await startSidecar(configFor(store));
    const [port = 0] = sidecar.ports;
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(socket, "open");
    let closed = false;
    socket.on("close", () => (closed = true));
    const echoed: number[] = [];
    socket.on("message", (message: Buffer) => echoed.push(Number(message)));
    await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 7 });
    const freeze = { service: "web", until: "2099-01-01T00:00:00Z" };
    expect((await sidecar.call("POST", "/v1/freezes", freeze)).status).toBe(200);

    const answers = new Map<string, number>();
    const stop = new AbortController();
    const load = Array.from({ length: 16 }, async () => {
      while (!stop.signal.aborted) {
        const answer = await get(port, agent);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    });
    let sent = 0;
    const ticker = setInterval(() => socket.send(String(sent++)), 5);
    const { pid, replaced } = await upgrade(sidecar);
    try {
      expect(replaced).toBe(sidecar.child.pid);
      expect(await sidecar.ended).toBe(0);
      const before = echoed.length;
      await eventually(() => expect(echoed.length).toBeGreaterThan(before + 20));
      clearInterval(ticker);
      stop.abort();
      await Promise.all(load);
      await eventually(() => expect(echoed.length).toBe(sent));

      expect([...answers.keys()]).toEqual(["200"]);
      expect(echoed).toEqual(Array.from({ length: sent }, (_, index) => index));
      expect(closed).toBe(false);
      const service = await (await sidecar.call("GET", "/v1/services/web")).json();
      expect(service).toMatchObject({ revision: 2, weights: { v1: 7 } });
      await eventually(async () => {
        const metrics = await (await sidecar.call("GET", "/metrics")).text();
        const total = answers.get("200") ?? 0;
        expect(metrics).toContain(
          `sluice_requests_total{service="web",version="v1",code="2xx"} ${total}\n`,
        );
      });
      // Where rollouts are kept, too.
      const kept = await (await sidecar.call("GET", "/v1/freezes")).json();
      expect(kept).toMatchObject({ freezes: [{ service: "web", reason: "a test" }] });
      expect((await sidecar.call("DELETE", "/v1/freezes?service=web")).status).toBe(200);
      const written = await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 8 });
      expect(written.status).toBe(200);
    } finally {
      socket.terminate();
      agent.destroy();
      killIfAlive(pid);
      await sidecar.stop();
    }
  });
});

test("POST /v1/upgrade to a program that fails leaves everything as it was", async () => {
  const sidecar = await startSidecar(configFor({ kind: "file", path: "state.json" }));
  try {
    // The new primary reads the file again, and one that it cannot use ends it at once.
    await sidecar.writeConfig({ listeners: "none" });
    const refused = await sidecar.call("POST", "/v1/upgrade", {});
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ code: "swap_refused" });
    const agent = new Agent();
    expect(await get(sidecar.ports[0] ?? 0, agent)).toBe("200");
    const written = await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 9 });
    expect(written.status).toBe(200);
  } finally {
    await sidecar.stop();
  }
});
