import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { MigrationBed, namesOf } from "../support/migration-bed.ts";
import { NumberedClient, NumberedOrigin } from "../support/numbered-tunnels.ts";
import { answer, RawOrigin } from "../support/origin.ts";
import { exchangeRaw } from "../support/raw-socket.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what stays, what goes and what is refused in each state of versions and endpoints. Method:
 * a few connections of each kind, and the control API.
 */

let bed: MigrationBed;

beforeAll(async () => {
  // The service is there for the sake of its log lines.
  const first = { versions: { v1: { endpoints: [] } }, drain: { hard: "20s" }, timeout: "7s" };
  bed = await MigrationBed.start({ services: { first } });
});
afterEach(() => bed.endTest());
afterAll(() => bed[Symbol.asyncDispose]());

const noAges = { under1m: 0, under10m: 0, under1h: 0, older: 0 };

test("a shift leaves tunnels alone, and says how many are left", async () => {
  const [v1, v2] = [
    bed.owned(await NumberedOrigin.start()),
    bed.owned(await NumberedOrigin.start()),
  ];
  await bed.addTwo(v1.address, v2.address);
  const clients = await bed.open("a", "b");
  expect((await bed.view("v1")).left).toBeUndefined();
  await bed.shift({ v1: 0, v2: 1 });
  const left = { tunnel: { ...noAges, under1m: 2 }, exchange: noAges };
  expect(await bed.view("v1")).toMatchObject({ tunnelsOpen: 2, left });
  expect((await bed.view("v1")).migration).toBeUndefined();
  for (const client of clients) client.send();
  await eventually(() =>
    expect([...v1.tunnels.values()].map((each) => each.received)).toEqual([1, 1]),
  );
  expect((await bed.act("stop")).status).toBe(404);
});

test("drain keeps tunnels and pinned keys; maint keeps nothing and ends tunnels", async () => {
  const [v1, v2] = [
    bed.owned(await VersionOrigin.start("v1")),
    bed.owned(await VersionOrigin.start("v2")),
  ];
  const tunnels = bed.owned(await NumberedOrigin.start());
  const versions = {
    v1: { weight: 1, endpoints: [v1.address] },
    v2: { weight: 1, endpoints: [v2.address] },
    ws: { weight: 0, endpoints: [tunnels.address] },
  };
  const routes = ["/ws", "/late"].map((path) => ({ match: { path }, to: "ws" }));
  await bed.add(versions, { affinity: { header: "x-user" }, stable: "v2", routes });
  const versionFor = async (user: string): Promise<string> => {
    const head = `GET / HTTP/1.1\r\nHost: web\r\nX-User: ${user}\r\nConnection: close\r\n\r\n`;
    return (await exchangeRaw({ port: bed.port }, head)).response.body;
  };
  const users = Array.from({ length: 20 }, (_each, at) => `user-${at}`);
  const picks = (): Promise<string[]> => Promise.all(users.map(versionFor));
  const [client] = await bed.open("ws");
  const before = await picks();
  expect(new Set(before)).toEqual(new Set(["v1", "v2"]));
  await bed.setState("v1", "drain");
  await bed.setState("ws", "drain");
  expect(await picks()).toEqual(before);
  const unkeyed = `GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`;
  for (let sent = 0; sent < 20; sent += 1) {
    expect((await exchangeRaw({ port: bed.port }, unkeyed)).response.body).toBe("v2");
  }
  client?.send();
  await eventually(() => expect(tunnels.tunnels.get("/ws")?.received).toBe(1));
  await bed.setState("v1", "maint");
  await bed.setState("ws", "maint");
  expect(await picks()).toEqual(users.map(() => "v2"));
  await expect(NumberedClient.open(bed.port, "late")).rejects.toThrow("503");
  await eventually(() => expect(client?.closedWith).toBe(1012));
  await bed.setState("v1", "ready");
  expect(await picks()).toEqual(before);
});

test("an endpoint in drain or maint keeps its tunnels and gets nothing new", async () => {
  const [one, two] = [
    bed.owned(await NumberedOrigin.start()),
    bed.owned(await NumberedOrigin.start()),
  ];
  const endpoints = [one.address, two.address];
  await bed.add({ v1: { endpoints } });
  await bed.open(...namesOf("a", 12));
  const held = one.tunnels.size;
  expect([held > 0, two.tunnels.size > 0]).toEqual([true, true]);
  for (const state of ["drain", "maint"]) {
    await bed.setState(`v1/endpoints/${encodeURIComponent(one.address)}`, state);
    await bed.open(...namesOf(state, 12));
    expect(one.tunnels.size).toBe(held);
    expect([...one.tunnels.values()].map(({ closedWith }) => closedWith)).toEqual(
      Array.from({ length: held }, () => undefined),
    );
  }
  await bed.setState(`v1/endpoints/${encodeURIComponent(two.address)}`, "drain");
  await expect(NumberedClient.open(bed.port, "none")).rejects.toThrow("503");
});

test.each(["version", "endpoint"])(
  "idle connections close at once when their %s is left",
  async (what) => {
    const v1 = bed.owned(await RawOrigin.start());
    v1.onRequest = answer("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 0\r\n\r\n");
    await bed.addTwo(v1.address, v1.address);
    await exchangeRaw(
      { port: bed.port },
      "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n",
    );
    expect(v1.lastConnection.fate).toBe("open");
    await bed.setState(
      what === "version" ? "v1" : `v1/endpoints/${encodeURIComponent(v1.address)}`,
      "maint",
    );
    await eventually(() => expect(v1.lastConnection.fate).not.toBe("open"));
  },
);

test("the timers in effect are logged at the start", async () => {
  const line = bed.sidecar.log.find(({ event }) => event === "service.timers");
  const drain = { drainSoftMs: 20_000, drainHardMs: 20_000, drainConnectionsPerSecond: 100 };
  expect(line).toMatchObject({ service: "first", timeoutMs: 7_000, onShift: "keep", ...drain });
  const ready = bed.sidecar.log.find(({ event }) => event === "sidecar.ready");
  const own = { acceptForMs: 0, softMs: 60_000, hardMs: 90_000, connectionsPerSecond: 100 };
  expect(ready).toMatchObject(own);
});
