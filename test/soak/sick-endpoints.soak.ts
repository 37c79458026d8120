import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../proxy/base/random.ts";
import { SEED } from "../support/fuzz.ts";
import { eventually } from "../support/eventually.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: nothing stays open, waits or takes a place for good behind endpoints that are sick in every
 * way, whatever is done for and against it. Method: requests from more clients than limits let in,
 * some of which leave, with all of it switched on; then nobody may be left.
 */

const SECONDS = 30;
const CLIENTS = 60;
const BODY_BYTES_MAX = 90_000;
/** Longer than any of the service's times. */
const QUIET_MS = 5_000;

const SERVICE = {
  affinity: { header: "x-user" },
  limits: { inFlight: 12, pending: 20, pendingTimeout: "300ms", connections: 10 },
  hedge: { after: "15ms" },
  responseTimeout: "300ms",
  timeout: "2s",
  stallTimeout: "500ms",
  retries: {
    attempts: 2,
    on: ["connect", "reset-before-response", 503, "timeout"],
    across: "any",
  },
  ejection: { consecutive: 3, baseTime: "500ms", samples: 5, window: "1s" },
  slowStart: "300ms",
  buffer: { request: "64KiB", response: "64KiB" },
  mirror: { to: "v2", percent: 50, methods: ["GET", "POST"], compare: { body: true } },
  routes: [
    { match: { path: "/low" }, priority: "low" },
    { match: { path: "/high" }, priority: "high" },
  ],
};

const random = seededRandom(SEED);
const chance = (share: number): boolean => random.next() < share;
const upTo = (most: number): number => Math.floor(random.next() * most);

/** Answers well, badly, in part, late, or not at all. */
function answer(response: ServerResponse): void {
  const { socket } = response;
  const drawn = random.next();
  if (drawn < 0.1) response.writeHead(500).end("failed");
  else if (drawn < 0.15) response.writeHead(503).end("busy");
  else if (drawn < 0.2) socket?.destroy();
  else if (drawn < 0.26) response.write("part", () => socket?.destroy());
  else if (drawn < 0.95) response.end("x".repeat(upTo(300_000)));
}

async function startSick(): Promise<string> {
  const server = createServer((asked, response) => {
    asked.resume();
    setTimeout(() => answer(response), upTo(40));
  });
  server.listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Asked = { readonly port: number; readonly agent: Agent };

/** One request, whatever becomes of it. Its status; 0: it had none. */
function ask({ port, agent }: Asked): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const method = ["GET", "GET", "POST", "PUT"][upTo(4)] ?? "GET";
  const path = ["/", "/low", "/high"][upTo(3)] ?? "/";
  const headers = { host: "web", ...(chance(0.3) && { "x-user": `user-${upTo(50)}` }) };
  const asked = request({ host: "127.0.0.1", port, agent, method, path, headers }, (response) => {
    if (chance(0.1)) asked.destroy();
    response.resume().on("close", () => resolve(response.statusCode ?? 0));
  });
  asked.on("error", () => resolve(0));
  if (chance(0.1)) setTimeout(() => asked.destroy(), upTo(60));
  const body = method === "GET" ? "" : "z".repeat(upTo(BODY_BYTES_MAX));
  if (body === "" || chance(0.7)) asked.end(body);
  else asked.write(body, () => setTimeout(() => asked.end(), upTo(200)));
  return promise;
}

/** Clients that ask one request after the other, for so long. Their statuses. */
async function storm(sidecar: TestSidecar): Promise<ReadonlySet<number>> {
  const agent = new Agent({ keepAlive: true });
  const [port = 0] = sidecar.ports;
  const statuses = new Set<number>();
  const endMs = performance.now() + SECONDS * 1_000;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (performance.now() < endMs) statuses.add(await ask({ port, agent }));
  });
  await Promise.all(clients);
  agent.destroy();
  return statuses;
}

/** How many exchanges and places are still taken, by name. */
async function taken({ call }: TestSidecar): Promise<readonly string[]> {
  const text = await (await call("GET", "/v1/services/web")).text();
  const { versions } = JSON.parse(text) as { versions: object };
  return JSON.stringify(versions).match(/"(?:exchangesOpen|waiting|inFlight)":[1-9]\d*/g) ?? [];
}

test("nothing is left of a storm of requests behind sick endpoints", async () => {
  const endpoints = await Promise.all(Array.from({ length: 5 }, startSick));
  const v1 = { weight: 60, endpoints: endpoints.slice(0, 3) };
  const v2 = { weight: 40, endpoints: endpoints.slice(3) };
  const sidecar = await startSidecar({ services: { web: { versions: { v1, v2 }, ...SERVICE } } });
  onTestFinished(() => sidecar.stop());
  const statuses = await storm(sidecar);
  for (const status of [200, 500, 503, 504]) expect(statuses).toContain(status);
  await eventually(async () => expect(await taken(sidecar)).toEqual([]), QUIET_MS);
  // That sick endpoints are put aside is what it is for.
  const others = complaintsOf(sidecar).filter(({ event }) => !/^(endpoint|version)\./.test(event));
  expect(others).toEqual([]);
});
