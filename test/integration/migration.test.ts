import { afterEach, expect, test } from "vitest";
import type { ServiceView } from "../../control/views/service-view.ts";
import { EventLog } from "../support/event-log.ts";
import { eventually } from "../support/eventually.ts";
import { inTurns, NumberedClient, NumberedOrigin } from "../support/numbered-tunnels.ts";
import { SecondsCounter } from "../support/seconds-counter.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";

/*
 * Goal: a version without traffic gives up its WebSockets at the configured rate, each by a Close
 * between two messages, and nothing that was sent before the Close is lost. Method: real
 * WebSockets of the ws package on both sides, with numbered messages both ways, some of them in
 * fragments.
 *
 * MIGRATION_TUNNELS=5000 runs the large version, alone on a quiet machine, where the time left has
 * to be right within 10 %. In the gate other tests take turns away from the workers, which do not
 * make up for them.
 */

const TUNNELS = Number(process.env["MIGRATION_TUNNELS"] ?? 1_000);
const RATE = 200;
const TIME_TOLERANCE = TUNNELS >= 5_000 ? 0.1 : 0.3;
const TEST_TIMEOUT_MS = 30_000 + TUNNELS * 15;
/**
 * Each tunnel carries a message either way this often; they take turns, so that no turn is long.
 */
const TALK_MS = 400;
const TALK_TURN_MS = 10;
/** Tunnels whose messages span several reads. */
const LONG_TUNNELS = 10;
const BIG = { connections: 20_000, pending: 20_000, inFlight: 20_000 };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

type Bed = {
  readonly sidecar: TestSidecar;
  readonly v1: NumberedOrigin;
  readonly v2: NumberedOrigin;
  readonly port: number;
};

async function bed(web: object, workers = 1): Promise<Bed> {
  const [v1, v2] = [await NumberedOrigin.start(), await NumberedOrigin.start()];
  cleanUps.push(
    () => v1[Symbol.dispose](),
    () => v2[Symbol.dispose](),
  );
  const versions = {
    v1: { weight: 1, endpoints: [v1.address] },
    v2: { weight: 0, endpoints: [v2.address] },
  };
  const sidecar = await startSidecar({
    workers,
    listeners: [{ bind: "127.0.0.1:0", connectionsMax: 20_000 }],
    services: { web: { limits: BIG, versions, ...web } },
  });
  cleanUps.push(() => sidecar.stop());
  return { sidecar, v1, v2, port: sidecar.ports[0] ?? 0 };
}

async function openClients(port: number, count: number): Promise<NumberedClient[]> {
  const clients = await inTurns(count, 50, (index) => NumberedClient.open(port, `${index}`));
  cleanUps.push(() => clients.forEach((client) => client.close()));
  return clients;
}

async function shift(sidecar: TestSidecar, weights: object): Promise<void> {
  expect((await sidecar.call("PATCH", "/v1/services/web/weights", weights)).status).toBe(200);
}

type VersionView = ServiceView["versions"][string];

async function versionView(sidecar: TestSidecar, version: string): Promise<VersionView> {
  const response = await sidecar.call("GET", "/v1/services/web");
  return ((await response.json()) as ServiceView).versions[version] as VersionView;
}

function talk(origin: NumberedOrigin, clients: readonly NumberedClient[]): void {
  let turn = 0;
  const turns = TALK_MS / TALK_TURN_MS;
  const timer = setInterval(() => {
    turn = (turn + 1) % turns;
    for (let at = turn; at < clients.length; at += turns) {
      const client = clients[at] as NumberedClient;
      client.send();
      origin.send(client, at < LONG_TUNNELS);
    }
  }, TALK_TURN_MS);
  cleanUps.push(() => clearInterval(timer));
}

/** Every client was told once, at a message boundary, and no earlier message is missing. */
function expectNothingLost(
  origin: NumberedOrigin,
  clients: readonly NumberedClient[],
  code: number,
): void {
  for (const client of clients) {
    const { error, closedWith, wrong, sent, isCut } = client;
    const clean = { error: undefined, closedWith: code, wrong: 0, isCut: false };
    expect({ error, closedWith, wrong, isCut }).toEqual(clean);
    const atOrigin = origin.tunnels.get(client.id);
    expect(atOrigin).toMatchObject({ closedWith: code, wrong: 0, received: sent });
    // The client may lack only what the origin sent after the Close.
    expect((atOrigin?.sent ?? 0) - client.received).toBeLessThanOrEqual(2);
    expect(client.received).toBeGreaterThan(0);
  }
}

test(
  `${TUNNELS} WebSockets migrate at ${RATE}/s: the rate holds, all get 1012, none loses a message`,
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    const drain = { connectionsPerSecond: RATE };
    const { sidecar, v1, v2, port } = await bed({ drain, onShift: "migrate" }, 2);
    const clients = await openClients(port, TUNNELS);
    talk(v1, clients);
    await eventually(
      () => expect(clients.every(({ received }) => received > 1)).toBe(true),
      20_000,
    );
    const log = await EventLog.open(sidecar);
    cleanUps.push(() => log.close());
    using closes = new SecondsCounter();
    for (const client of clients) client.onClose = () => closes.add();
    await shift(sidecar, { v1: 0, v2: 1 });
    await eventually(() => expect(log.of("drain").at(-1)?.["state"]).toBe("done"), TEST_TIMEOUT_MS);
    expect(closes.momentsMs).toHaveLength(TUNNELS);
    expect(closes.most).toBeLessThanOrEqual(closes.seenAs(RATE * 1.1));
    expectNothingLost(v1, clients, 1012);
    const endMs = closes.momentsMs.at(-1) ?? 0;
    const tookMs = endMs - (closes.momentsMs[0] ?? 0);
    const expectedMs = (TUNNELS / RATE) * 1000;
    expect(Math.abs(tookMs - expectedMs)).toBeLessThan(expectedMs * TIME_TOLERANCE);
    const told = log.of("drain").slice(0, -1);
    for (const { atMs, timeLeftMs, ...event } of told) {
      expect(event).toMatchObject({ scope: "version", service: "web", version: "v1" });
      expect(Math.abs(Number(timeLeftMs) - (endMs - atMs))).toBeLessThan(tookMs * TIME_TOLERANCE);
    }
    // One a second, and the last one says that it is over.
    expect(told.length).toBeGreaterThanOrEqual(TUNNELS / RATE);
    const left = { tunnel: 0, exchange: 0 };
    expect(log.of("drain").at(-1)).toMatchObject({ state: "done", closed: TUNNELS, left });
    const view = await versionView(sidecar, "v1");
    expect([view.tunnelsOpen, view.migration]).toEqual([0, undefined]);
    // They come back to where the shift has sent them.
    const back = await NumberedClient.open(port, "back");
    expect(v2.tunnels.has(back.id)).toBe(true);
    back.close();
  },
);
