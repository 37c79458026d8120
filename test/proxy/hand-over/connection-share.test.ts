import { describe, expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { Adoption } from "../../../proxy/hand-over/adoption.ts";
import { shareConnections } from "../../../proxy/hand-over/connection-share.ts";
import { eventually } from "../../support/eventually.ts";
import { answer } from "../../support/origin.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { TwoWorkers } from "./hand-over-fixture.ts";

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
const UPGRADE = "GET /tunnel HTTP/1.1\r\nHost: web\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const TO = 7;

/** Shares; gives for whom each connection was. */
async function share(two: TwoWorkers, count: number): Promise<readonly (number | undefined)[]> {
  const adoption = new Adoption(two.next);
  const given: (number | undefined)[] = [];
  await shareConnections(
    { count, to: TO },
    two.old.connections,
    (about, handle) => {
      given.push(about.to);
      adoption.adopt(structuredClone(about), handle);
    },
    systemClock,
  );
  return given;
}

/** So many clients of the old worker. */
async function clients(two: TwoWorkers, count: number): Promise<readonly RawSocket[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => two.open()));
  await eventually(() => expect(two.old.connections.size).toBe(count));
  return opened;
}

async function workersOf(opened: readonly RawSocket[]): Promise<readonly string[]> {
  const answers = await Promise.all(opened.map((client) => client.send(GET).response()));
  return answers.map((each) => each.field("via")?.replace("1.1 ", "") ?? "");
}

describe("shareConnections()", () => {
  test("gives so many to the worker that is meant, and keeps the rest", async () => {
    const two = await TwoWorkers.start();
    const opened = await clients(two, 5);
    expect(await share(two, 2)).toEqual([TO, TO]);
    expect((await workersOf(opened)).toSorted()).toEqual(["next", "next", "old", "old", "old"]);
    expect(two.old.connections.onIdle).toBeUndefined();
  });

  test("gives those in use before those that rest", async () => {
    const two = await TwoWorkers.start();
    const [resting, busy] = await clients(two, 2);
    const shared = share(two, 1);
    expect(await workersOf(busy === undefined ? [] : [busy])).toEqual(["old"]);
    expect(await shared).toEqual([TO]);
    const both = [resting, busy].flatMap((client) => client ?? []);
    expect(await workersOf(both)).toEqual(["old", "next"]);
  });

  test("leaves tunnels where they are", async () => {
    const two = await TwoWorkers.start();
    two.origin.onRequest = answer(SWITCH);
    const client = await two.open();
    expect((await client.send(UPGRADE).response()).status).toBe(101);
    expect(await share(two, 1)).toEqual([]);
    expect(two.old.connections.tunnels).toBe(1);
  });

  test("gives nothing while everything is handed over", async () => {
    const two = await TwoWorkers.start();
    await clients(two, 1);
    two.old.connections.onIdle = () => undefined;
    expect(await share(two, 1)).toEqual([]);
    expect(two.old.connections.onIdle).toBeDefined();
  });
});
