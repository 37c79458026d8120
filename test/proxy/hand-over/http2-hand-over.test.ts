import type { ClientHttp2Session } from "node:http2";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { TimerWheel } from "../../../proxy/base/timer-wheel.ts";
import { HOLD_MS } from "../../../proxy/clients/http2-departure.ts";
import { requestBlock } from "../../../proxy/http2/encode-head.ts";
import { eventually } from "../../support/eventually.ts";
import { ask, openHttp2 } from "../clients/http2-fixture.ts";
import { BEGINNING, SETTINGS_ACK_FRAME, headers } from "../http2/raw-frames.ts";
import { TwoWorkers } from "./hand-over-fixture.ts";

/*
 * Goal: a client's connection of HTTP/2 in clear goes on in another worker between two streams, and
 * is asked to leave where it cannot.
 * Method: Node's own client, whose HPACK table the next worker must know; Via says who answered.
 */

const EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
/** In the client's HPACK table from the second request on. */
const COOKIE = { cookie: "one=1; two=2; three=3" };

/** A client, the GOAWAYs that it got, and who has answered its requests. */
class Client {
  readonly session: ClientHttp2Session;
  readonly goAways: number[] = [];

  constructor({ port }: TwoWorkers) {
    this.session = openHttp2(port);
    this.session.on("goaway", (_code: number, last: number) => this.goAways.push(last));
  }

  async get(path = "/"): Promise<string> {
    const { status, fields } = await ask(this.session, { ":path": path, ...COOKIE });
    return `${status} ${String(fields["via"])}`;
  }
}

/** A wheel that can go ahead of all other clocks, to which what is under way looks older then. */
function skippingWheel(): { wheel: TimerWheel; skip: (byMs: number) => Promise<void> } {
  let aheadMs = 0;
  const nowMs = (): number => systemClock.nowMs() + aheadMs;
  const wheel = new TimerWheel({ ...systemClock, nowMs });
  const skip = async (byMs: number): Promise<void> => {
    const fromMs = wheel.nowMs;
    aheadMs += byMs;
    await eventually(() => expect(wheel.nowMs).toBeGreaterThan(fromMs + byMs));
  };
  return { wheel, skip };
}

/** Lets the requests wait that come from now on; the call answers them, and those that follow. */
function holdAnswers(two: TwoWorkers): () => void {
  const waiting: (() => void)[] = [];
  two.origin.onRequest = (connection) => void waiting.push(() => void connection.send(EMPTY));
  return () => {
    two.origin.onRequest = (connection) => void connection.send(EMPTY);
    for (const answer of waiting.splice(0)) answer();
  };
}

describe("HandOver of HTTP/2", () => {
  test("one between two streams goes on elsewhere, with its client's table", async () => {
    const two = await TwoWorkers.start();
    const client = new Client(two);
    expect(await client.get()).toBe("200 1.1 old");
    expect(await client.get()).toBe("200 1.1 old");
    await two.handOver();
    expect([two.given, two.old.connections.http2]).toEqual([["idleHttp2"], 0]);
    expect(await client.get()).toBe("200 1.1 next");
    expect(two.origin.requests.at(-1)?.field("cookie")).toBe(COOKIE.cookie);
    expect([two.next.connections.http2, client.goAways]).toEqual([1, []]);
    expect(two.next.rejected.toRecord()).toEqual({});
  });

  test("what is under way ends where it is, and what comes meanwhile goes elsewhere", async () => {
    const two = await TwoWorkers.start();
    const client = new Client(two);
    await client.get();
    const answer = holdAnswers(two);
    const early = [client.get("/1"), client.get("/2")];
    await eventually(() => expect(two.origin.requests).toHaveLength(3));
    const done = two.handOver();
    const late = [client.get("/3"), client.get("/4")];
    answer();
    await done;
    expect(await Promise.all(early)).toEqual(["200 1.1 old", "200 1.1 old"]);
    expect(await Promise.all(late)).toEqual(["200 1.1 next", "200 1.1 next"]);
    expect([two.given, client.goAways]).toEqual([["idleHttp2"], []]);
  });

  test("one with a request that takes long goes when that has ended, and none waits", async () => {
    const { wheel, skip } = skippingWheel();
    const two = await TwoWorkers.start(wheel);
    const client = new Client(two);
    const answer = holdAnswers(two);
    const long = client.get("/long");
    await eventually(() => expect(two.origin.requests).toHaveLength(1));
    await skip(2 * HOLD_MS);
    const done = two.handOver();
    const late = client.get("/late");
    await eventually(() => expect(two.origin.requests).toHaveLength(2));
    answer();
    expect(await Promise.all([long, late])).toEqual(["200 1.1 old", "200 1.1 old"]);
    await done;
    expect([two.given, client.goAways]).toEqual([["idleHttp2"], []]);
    expect(await client.get()).toBe("200 1.1 next");
  });

  test("requests that have waited too long for others are taken after all", async () => {
    const two = await TwoWorkers.start();
    const client = new Client(two);
    await client.get();
    const answer = holdAnswers(two);
    const early = client.get("/early");
    await eventually(() => expect(two.origin.requests).toHaveLength(2));
    const done = two.handOver();
    const late = client.get("/late");
    await eventually(() => expect(two.origin.requests).toHaveLength(3));
    answer();
    expect(await Promise.all([early, late])).toEqual(["200 1.1 old", "200 1.1 old"]);
    await done;
    expect([two.given, client.goAways]).toEqual([["idleHttp2"], []]);
  });

  test("one that is never between two requests is asked to leave", async () => {
    const { wheel, skip } = skippingWheel();
    const two = await TwoWorkers.start(wheel);
    const client = new Client(two);
    const answer = holdAnswers(two);
    const long = client.get("/long");
    await eventually(() => expect(two.origin.requests).toHaveLength(1));
    const done = two.handOver();
    await skip(6_000);
    await eventually(() => expect(client.goAways[0]).toBe(2 ** 31 - 1));
    answer();
    expect(await long).toBe("200 1.1 old");
    client.session.close();
    await done;
    expect(two.given).toEqual([]);
  });

  test("one whose client is being closed ends where it is", async () => {
    const two = await TwoWorkers.start();
    const client = new Client(two);
    await client.get();
    for (const connection of two.old.connections) connection.closeWhenIdle();
    const done = two.handOver();
    await eventually(() => expect(client.goAways).not.toEqual([]));
    await done;
    expect(two.given).toEqual([]);
  });

  test("one goes in the middle of a frame, and its rest is read elsewhere", async () => {
    const two = await TwoWorkers.start();
    const client = await two.open();
    const head = headers(1, requestBlock("GET", "http", "web", "/"));
    client.socket.write(Buffer.concat([BEGINNING, SETTINGS_ACK_FRAME, head.subarray(0, 12)]));
    await eventually(() => expect(two.old.connections.http2).toBe(1));
    await two.handOver();
    expect(two.given).toEqual(["idleHttp2"]);
    client.socket.write(head.subarray(12));
    await eventually(() => expect(two.origin.requests).toHaveLength(1));
  });
});
