import { afterEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { inTurns, NumberedClient, NumberedOrigin } from "../support/numbered-tunnels.ts";
import { SecondsCounter } from "../support/seconds-counter.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a sidecar that leaves loses nothing: busy connections are told, idle ones and tunnels end
 * at a rate. Method: SIGTERM under keep-alive load, with idle connections and WebSockets beside it.
 */

const BUSY = 32;
const IDLE = 30;
const TUNNELS = 60;
const RATE = 40;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(drain: object, workers = 1): Promise<TestSidecar> {
  const origin = await NumberedOrigin.start();
  cleanUps.push(() => origin[Symbol.dispose]());
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const sidecar = await startSidecar({ workers, drain, services });
  cleanUps.push(() => sidecar.stop());
  return sidecar;
}

/** What one busy client saw until it was told to go. */
type Seen = { answers: number; failed: number; told: boolean };

/** Sends one request after another on one connection, until an answer says `Connection: close`. */
async function useUntilTold(port: number): Promise<Seen> {
  const seen = { answers: 0, failed: 0, told: false };
  const connection = await KeptConnection.open(port);
  cleanUps.push(() => connection.close());
  while (!seen.told && seen.failed === 0) {
    const response = await connection.get("web").catch(() => undefined);
    if (response?.status !== 200) seen.failed += 1;
    else seen.answers += 1;
    seen.told = response !== undefined && /\r\nconnection: close/i.test(response.head);
  }
  return seen;
}

/** How an idle connection was ended. */
async function ended(client: RawSocket, ends: SecondsCounter): Promise<string> {
  const fate = await client.ended();
  ends.add();
  client.finish();
  return fate;
}

test("SIGTERM under load fails no request, ends the idle at the rate, exits with 0", async () => {
  const drain = { acceptFor: "300ms", soft: "3s", hard: "20s", connectionsPerSecond: RATE };
  const sidecar = await start(drain, 2);
  const [port = 0] = sidecar.ports;
  const idle = await inTurns(IDLE, 10, () => RawSocket.open({ port }));
  using idleEnds = new SecondsCounter();
  const fates = Promise.all(idle.map((client) => ended(client, idleEnds)));
  const tunnels = await inTurns(TUNNELS, 10, (at) => NumberedClient.open(port, `${at}`));
  using closes = new SecondsCounter();
  for (const tunnel of tunnels) tunnel.onClose = () => closes.add();
  const busy = Array.from({ length: BUSY }, () => useUntilTold(port));
  const talk = setInterval(() => tunnels.forEach((each) => each.send()), 50);
  cleanUps.push(() => clearInterval(talk));
  // Long enough to count as idle.
  await eventually(() => expect(tunnels.every(({ sent }) => sent > 20)).toBe(true));
  sidecar.child.kill("SIGTERM");
  const seen = await Promise.all(busy);
  expect(seen.map(({ failed, told }) => ({ failed, told }))).toEqual(
    seen.map(() => ({ failed: 0, told: true })),
  );
  expect(Math.min(...seen.map(({ answers }) => answers))).toBeGreaterThan(10);
  expect(await fates).toEqual(idle.map(() => "fin"));
  // Two workers, each with its share of the rate, and two more.
  expect(idleEnds.most).toBeLessThanOrEqual(idleEnds.seenAs(RATE * 1.1 + 4));
  expect(await sidecar.ended).toBe(0);
  expect(tunnels.map(({ closedWith }) => closedWith)).toEqual(tunnels.map(() => 1001));
  expect(closes.most).toBeLessThanOrEqual(closes.seenAs(RATE * 1.1 + 4));
  const [first = 0, last = 0] = [closes.momentsMs[0], closes.momentsMs.at(-1)];
  expect(last - first).toBeGreaterThan((TUNNELS / RATE) * 800);
  expect(sidecar.log.at(-1)?.event).toBe("drain.done");
  expect(sidecar.log.filter(({ level }) => level === "error")).toEqual([]);
});

test("idle connections are all closed at the soft deadline, however slow the rate", async () => {
  const drain = { acceptFor: "0s", soft: "1s", hard: "20s", connectionsPerSecond: 1 };
  const sidecar = await start(drain);
  const [port = 0] = sidecar.ports;
  const idle = await inTurns(IDLE, 10, () => RawSocket.open({ port }));
  const beganMs = performance.now();
  sidecar.child.kill("SIGTERM");
  using ends = new SecondsCounter();
  await Promise.all(idle.map((client) => ended(client, ends)));
  expect((ends.momentsMs.at(-1) ?? 0) - beganMs).toBeLessThan(8_000);
  expect(await sidecar.ended).toBe(0);
});

test("a request on a connection that was idle gets its answer, and is told to go", async () => {
  const drain = { acceptFor: "0s", soft: "5s", hard: "20s", connectionsPerSecond: 1 };
  const sidecar = await start(drain);
  const connection = await KeptConnection.open(sidecar.ports[0] ?? 0);
  expect((await connection.get("web")).head).not.toMatch(/\r\nconnection: close/i);
  sidecar.child.kill("SIGTERM");
  await eventually(() => expect(sidecar.log.at(-1)?.event).toBe("drain.begin"));
  await eventually(() =>
    expect(KeptConnection.open(sidecar.ports[0] ?? 0)).rejects.toThrow("ECONNREFUSED"),
  );
  const last = await connection.get("web");
  expect([last.status, last.head]).toEqual([200, expect.stringMatching(/\r\nconnection: close/i)]);
  expect(await sidecar.ended).toBe(0);
});

test("an answer begun before the drain keeps its connection; the next one ends it", async () => {
  const origin = await VersionOrigin.start("v1");
  cleanUps.push(() => origin[Symbol.dispose]());
  const finish = Promise.withResolvers<void>();
  origin.answer = (response, { url }) => {
    response.setHeader("Content-Length", 5);
    if (url !== "/slow") {
      response.end("quick");
      return;
    }
    response.write("sl");
    void finish.promise.then(() => response.end("owe"));
  };
  const sidecar = await startSidecar({
    drain: { acceptFor: "0s", soft: "10s", hard: "20s" },
    services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
  });
  cleanUps.push(() => sidecar.stop());
  const port = sidecar.ports[0] ?? 0;
  const connection = await RawSocket.open({ port });
  cleanUps.push(() => connection.close());
  connection.send("GET /slow HTTP/1.1\r\nHost: web\r\n\r\n");
  await connection.until("sl");
  sidecar.child.kill("SIGTERM");
  await eventually(() => expect(KeptConnection.open(port)).rejects.toThrow("ECONNREFUSED"));
  finish.resolve();
  const first = await connection.response();
  connection.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
  const second = await connection.response();
  expect([first.body, second.body]).toEqual(["slowe", "quick"]);
  expect([first.field("connection"), second.field("connection")]).toEqual([undefined, "close"]);
  expect(await sidecar.ended).toBe(0);
});

test("at the hard deadline tunnels still get their Close, and the sidecar ends", async () => {
  const drain = { acceptFor: "0s", hard: "500ms", connectionsPerSecond: 1 };
  const sidecar = await start(drain);
  const [port = 0] = sidecar.ports;
  const tunnels = await inTurns(10, 10, (at) => NumberedClient.open(port, `${at}`));
  sidecar.child.kill("SIGTERM");
  expect(await sidecar.ended).toBe(0);
  await eventually(() =>
    expect(tunnels.map(({ closedWith }) => closedWith)).toEqual(tunnels.map(() => 1001)),
  );
});

test("a second SIGTERM ends a drain that waits for tunnels at once", async () => {
  const drain = { acceptFor: "0s", soft: "10m", hard: "10m", connectionsPerSecond: 1 };
  const sidecar = await start(drain);
  const [port = 0] = sidecar.ports;
  const tunnels = await inTurns(10, 10, (at) => NumberedClient.open(port, `${at}`));
  sidecar.child.kill("SIGTERM");
  await eventually(() => expect(tunnels[0]?.closedWith).toBe(1001));
  const atMs = performance.now();
  sidecar.child.kill("SIGTERM");
  expect(await sidecar.ended).toBe(0);
  expect(performance.now() - atMs).toBeLessThan(8_000);
  await eventually(() => expect(tunnels.at(-1)?.closedWith).toBe(1006));
});
