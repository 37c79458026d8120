import { describe, expect, onTestFinished, test } from "vitest";
import { runProgram } from "./support/foreign-process.ts";
import { startNode } from "./support/origins.ts";
import { NODE_ENVIRONMENT, isMissing, ownProgram } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: clients of socket.io work with several servers, each of which knows only its own sessions,
 * while they poll too. Method: two servers of socket.io, clients that poll or start with it, and
 * one of the servers taken out.
 */

const CLIENTS = 12;
const STICKY = { affinity: { cookie: "sid", set: false }, balance: "affinity" };

async function startServers(): Promise<readonly string[]> {
  const servers = await Promise.all([1, 2].map(() => startNode("socketio-origin.cjs")));
  for (const server of servers) onTestFinished(() => server[Symbol.asyncDispose]());
  return servers.map(({ address }) => address);
}

/** Which server answered each client, by its port. null: it had no session that worked. */
async function ports(
  url: string,
  transports: readonly string[],
): Promise<readonly (number | null)[]> {
  const clients = [ownProgram("socketio-clients.cjs"), url, String(CLIENTS), ...transports];
  const { out, error } = await runProgram(process.execPath, clients, { env: NODE_ENVIRONMENT });
  expect(error).toBe("");
  return JSON.parse(out) as readonly (number | null)[];
}

describe.skipIf(isMissing("socket.io"))("Clients of socket.io with two servers", () => {
  test.each([["polling"], ["polling,websocket"]])("all work by %s", async (transports) => {
    const endpoints = await startServers();
    const { url } = await sidecarFor(endpoints, { ...STICKY, hedge: { after: "1ms" } });
    const seen = await ports(url, transports.split(","));
    const own = endpoints.map((address) => Number(address.split(":")[1]));
    expect(new Set(seen)).toEqual(new Set(own));
  });

  test("do not work where requests stick to no server: each poll is one", async () => {
    const { url } = await sidecarFor(await startServers(), { balance: "roundRobin" });
    const seen = await ports(url, ["polling"]);
    expect(seen.filter((port) => port !== null).length).toBeLessThan(CLIENTS / 2);
  });

  test("move only from a server that is taken out, and come back to it", async () => {
    const endpoints = await startServers();
    const { sidecar, url } = await sidecarFor(endpoints, STICKY);
    const put = async (state: string): Promise<readonly (number | null)[]> => {
      const endpointStates = { [endpoints[0] ?? ""]: state };
      const versions = { v1: { endpoints, endpointStates } };
      const response = await sidecar.call("PUT", "/v1/services/web", { versions, ...STICKY });
      expect(response.status).toBe(200);
      return ports(url, ["polling"]);
    };
    const before = await ports(url, ["polling"]);
    const after = await put("maint");
    const [lost, kept] = endpoints.map((address) => Number(address.split(":")[1]));
    expect(before).toContain(lost);
    expect(after).toEqual(before.map(() => kept));
    expect(await put("ready")).toEqual(before);
  });
});
