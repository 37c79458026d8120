import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { MigrationBed, namesOf } from "../support/migration-bed.ts";
import { NumberedClient, NumberedOrigin } from "../support/numbered-tunnels.ts";
import { answer, RawOrigin } from "../support/origin.ts";
import { exchangeRaw, RawSocket } from "../support/raw-socket.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what a migration takes, in which order, and when it stops and ends. Method: a few
 * connections of each kind, and the control API.
 */

let bed: MigrationBed;

beforeAll(async () => {
  bed = await MigrationBed.start();
});
afterEach(() => bed.endTest());
afterAll(() => bed[Symbol.asyncDispose]());

const noAges = { under1m: 0, under10m: 0, under1h: 0, older: 0 };

test("a migration ends when the version is in use again, and what is left stays", async () => {
  const [v1, v2] = [
    bed.owned(await NumberedOrigin.start()),
    bed.owned(await NumberedOrigin.start()),
  ];
  const drain = { connectionsPerSecond: 2 };
  await bed.addTwo(v1.address, v2.address, { onShift: "migrate", drain });
  const clients = await bed.open(...namesOf("t", 10));
  const closed = (): number => clients.filter(({ closedWith }) => closedWith === 1012).length;
  await bed.setState("v1", "drain");
  await eventually(() => expect(closed()).toBeGreaterThan(0));
  await bed.setState("v1", "ready");
  await eventually(() => expect(bed.told("drain").at(-1)?.["state"]).toBe("back"));
  const migrated = closed();
  expect(migrated).toBeLessThan(8);
  // Oldest first.
  expect(clients.map(({ closedWith }) => closedWith === 1012)).toEqual(
    clients.map((_client, at) => at < migrated),
  );
  expect(await bed.view("v1")).toMatchObject({ tunnelsOpen: clients.length - migrated });
  expect((await bed.view("v1")).migration).toBeUndefined();
});

test("a migration stops by itself when clients cannot come back, and can be resumed", async () => {
  const [v1, v2] = [
    bed.owned(await NumberedOrigin.start()),
    bed.owned(await NumberedOrigin.start()),
  ];
  v2.refuses = true;
  const drain = { connectionsPerSecond: 100 };
  await bed.addTwo(v1.address, v2.address, { onShift: "migrate", drain });
  const clients = await bed.open(...namesOf("t", 60));
  for (const client of clients) {
    client.onClose = () => {
      NumberedClient.open(bed.port, `${client.id}-again`).then(
        (again) => bed.defer(() => again.close()),
        () => undefined,
      );
    };
  }
  await bed.shift({ v1: 0, v2: 1 });
  await eventually(() => expect(bed.told("migration-stopped")).toHaveLength(1));
  const { migration } = await bed.view("v1");
  const reason = expect.stringMatching(/^\d+ of \d+ WebSocket handshakes failed since it began$/);
  expect(migration).toMatchObject({ state: "stopped", reason });
  expect(migration?.timeLeftMs).toBeUndefined();
  const open1 = (await bed.view("v1")).tunnelsOpen;
  expect(open1).toBeGreaterThan(20);
  v2.refuses = false;
  expect(await (await bed.act("resume")).json()).toMatchObject({ state: "running" });
  await eventually(() => expect(bed.told("drain").at(-1)?.["state"]).toBe("done"));
  expect(bed.told("migration-stopped")).toHaveLength(1);
  expect(clients.map(({ closedWith }) => closedWith)).toEqual(clients.map(() => 1012));
});

test("a migration that is stopped by hand leaves the rest where it is", async () => {
  const [v1, v2] = [
    bed.owned(await NumberedOrigin.start()),
    bed.owned(await NumberedOrigin.start()),
  ];
  const drain = { connectionsPerSecond: 1 };
  await bed.addTwo(v1.address, v2.address, { onShift: "migrate", drain });
  const clients = await bed.open(...namesOf("t", 5));
  await bed.shift({ v1: 0, v2: 1 });
  expect((await bed.act("pause")).status).toBe(422);
  expect((await bed.act("stop")).status).toBe(200);
  await eventually(() => expect(bed.told("drain").at(-1)?.["state"]).toBe("stopped"));
  expect((await bed.view("v1")).tunnelsOpen).toBeGreaterThan(2);
  expect(clients.filter(({ closedWith }) => closedWith === undefined).length).toBeGreaterThan(2);
  expect((await bed.act("resume")).status).toBe(404);
});

test("what is opened during a migration is not its matter", async () => {
  const v1 = bed.owned(await NumberedOrigin.start());
  const drain = { connectionsPerSecond: 100, soft: "500ms", hard: "1s" };
  const routes = [{ match: { path: "/back" }, to: "v1" }];
  await bed.addTwo(v1.address, v1.address, { onShift: "migrate", drain, routes });
  const [before] = await bed.open("a");
  await bed.setState("v1", "drain");
  const [after] = await bed.open("back");
  await eventually(() => expect(bed.told("drain").at(-1)?.["state"]).toBe("done"));
  expect([before?.closedWith, after?.closedWith]).toEqual([1012, undefined]);
});

/** Opens a response that never ends by itself, and resolves with how it was ended. */
async function openStream(): Promise<{ ended: Promise<string> }> {
  const sent = request({ port: bed.port, host: "127.0.0.1", headers: { host: "web" } }).end();
  sent.on("error", () => undefined);
  bed.defer(() => sent.destroy());
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const { promise, resolve } = Promise.withResolvers<string>();
  response.on("data", () => undefined);
  response.on("end", () => resolve("end"));
  response.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "?"));
  return { ended: promise };
}

test("long responses are reset after the soft deadline; what has no answer gets 503", async () => {
  const v1 = bed.owned(await VersionOrigin.start("v1"));
  v1.answer = (response, { url }) => {
    if (url === "/") response.write("data: 1\n\n");
  };
  const drain = { soft: "700ms", hard: "10s", connectionsPerSecond: 100 };
  await bed.addTwo(v1.address, v1.address, { onShift: "migrate", drain });
  const stream = await openStream();
  const silent = exchangeRaw({ port: bed.port }, "GET /silent HTTP/1.1\r\nHost: web\r\n\r\n");
  await eventually(() => expect(v1.requests).toBe(2));
  const beganMs = performance.now();
  await bed.shift({ v1: 0, v2: 1 });
  expect((await bed.view("v1")).left?.exchange).toEqual({ ...noAges, under1m: 2 });
  expect(await stream.ended).toBe("ECONNRESET");
  expect(performance.now() - beganMs).toBeGreaterThan(650);
  expect((await silent).response.status).toBe(503);
});

test("tunnels that were handed over inside a message migrate without losing any", async () => {
  const v1 = bed.owned(await NumberedOrigin.start());
  await bed.addTwo(v1.address, v1.address, { onShift: "migrate" });
  const clients = await bed.open(...namesOf("t", 20));
  const talk = setInterval(() => {
    for (const client of clients) {
      client.send();
      v1.send(client);
    }
  }, 10);
  bed.defer(() => clearInterval(talk));
  const [before = 0] = bed.sidecar.workerPids();
  expect((await bed.sidecar.call("POST", "/v1/workers/swap", { trial: "50ms" })).status).toBe(200);
  await eventually(async () => {
    expect(bed.sidecar.workerPids()).not.toContain(before);
    expect((await bed.view("v1")).tunnelsOpen).toBe(20);
  });
  const received = clients.map((client) => client.received);
  await eventually(() =>
    expect(clients.every((client, at) => client.received > (received[at] ?? 0) + 5)).toBe(true),
  );
  await bed.shift({ v1: 0, v2: 1 });
  await eventually(() => expect(bed.told("drain").at(-1)?.["state"]).toBe("done"));
  for (const { id, sent, closedWith, wrong, error } of clients) {
    expect({ closedWith, wrong, error }).toEqual({ closedWith: 1012, wrong: 0, error: undefined });
    const atOrigin = { closedWith: 1012, wrong: 0, received: sent };
    expect(v1.tunnels.get(id)).toMatchObject(atOrigin);
  }
});

test("at the hard deadline everything that is left is cut", async () => {
  const v1 = bed.owned(await NumberedOrigin.start());
  const drain = { soft: "300ms", hard: "600ms", connectionsPerSecond: 1 };
  await bed.addTwo(v1.address, v1.address, { onShift: "migrate", drain });
  const clients = await bed.open(...namesOf("t", 6));
  const beganMs = performance.now();
  await bed.shift({ v1: 0, v2: 1 });
  await eventually(() =>
    expect(clients.map((each) => each.closedWith)).toEqual(clients.map(() => 1012)),
  );
  expect(performance.now() - beganMs).toBeGreaterThan(550);
  await eventually(async () => expect((await bed.view("v1")).tunnelsOpen).toBe(0));
});

test("a tunnel that is no WebSocket is ended by FIN both ways", async () => {
  const v1 = bed.owned(await RawOrigin.start());
  v1.onRequest = answer("HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
  await bed.addTwo(v1.address, v1.address, { onShift: "migrate" });
  const client = await RawSocket.open({ port: bed.port });
  bed.defer(() => client.close());
  client.send("GET / HTTP/1.1\r\nHost: web\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
  expect((await client.response()).status).toBe(101);
  await bed.shift({ v1: 0, v2: 1 });
  expect(await client.ended()).toBe("fin");
  await eventually(() => expect(v1.lastConnection.fate).toBe("fin"));
  client.finish();
  await eventually(async () => expect((await bed.view("v1")).tunnelsOpen).toBe(0));
});
