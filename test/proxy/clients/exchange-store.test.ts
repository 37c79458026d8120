import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { ExchangeStore } from "../../../proxy/clients/exchange-store.ts";
import type { ExchangeClient, ExchangeUpstream } from "../../../proxy/exchange/ports.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { LiveService } from "../../../proxy/upstream/live-service.ts";
import type { UpstreamUser } from "../../../proxy/upstream/upstream-connection.ts";
import { eventually } from "../../support/eventually.ts";
import { serviceTable } from "../table/service-fixture.ts";
import {
  FakeStream,
  exchangeClient,
  exchangeDeps,
  liveService,
} from "../exchange/exchange-fixture.ts";

/** A client with nothing behind it. */
function newClient(stream = new FakeStream()): ExchangeClient {
  return exchangeClient(liveService(serviceTable({ v1: 1 })), { stream });
}

/** As many as a worker is likely to have at once. */
const MANY = 1_000;
const KIBIBYTE = 1024;
const LONG = 28 * KIBIBYTE;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that are in use after a collection. */
function usedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * MANY exchanges at once whose heads, and what follows them, are so long; half of them end with the
 * answer and the others in the middle of it. Returns their clients.
 */
function serve(store: ExchangeStore, live: LiveService, length: number): WeakRef<FakeStream>[] {
  const users: UpstreamUser[] = [];
  const acquire = (user: UpstreamUser): ExchangeUpstream => {
    users.push(user);
    const endpoint = [...(live.pools[0]?.endpoints.values() ?? [])][0] as Endpoint;
    const stream = new FakeStream();
    return {
      endpoint,
      stream,
      tunnelEnd: undefined,
      ready: true,
      reused: true,
      gone: false,
      toldIdleMs: 0,
    };
  };
  const done = (): undefined => undefined;
  Object.assign(live.pools[0] as object, { acquire, release: done, discard: done });
  const lent = Array.from({ length: MANY }, (_, place) => {
    const stream = new FakeStream();
    const exchange = store.lend(exchangeClient(live, { stream }));
    const chunk = `${length.toString(16)}\r\n${"b".repeat(length)}\r\n`;
    const credentials = `Authorization: Bearer ${place}${"a".repeat(length)}`;
    const fields = `Host: web\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n${credentials}`;
    const text = `PUT /${place} HTTP/1.1\r\n${fields}\r\n\r\n${chunk}0\r\nX-A: ${place}\r\n\r\n`;
    const request = Buffer.from(text, "latin1");
    exchange.begin(request, exchange.head.parse(request, 0, request.length), request.length);
    const cookie = `Set-Cookie: a=${place}${"c".repeat(length)}`;
    const head = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${cookie}\r\n\r\nhi`;
    const answer = Buffer.from(place % 2 === 0 ? head : head.slice(0, -4), "latin1");
    users[place]?.onUpstreamData(answer, answer.length);
    if (place % 2 === 1) exchange.onClientGone();
    return { exchange, client: new WeakRef(stream) };
  });
  for (const { exchange } of lent) store.giveBack(exchange);
  return lent.map(({ client }) => client);
}

describe("ExchangeStore", () => {
  test("lends what it has got back before it makes another, and never one to two clients", () => {
    const store = new ExchangeStore(exchangeDeps());
    const client = newClient();
    const [first, second] = [store.lend(client), store.lend(client)];
    expect(second).not.toBe(first);
    store.giveBack(first);
    expect(store.lend(client)).toBe(first);
    expect(store.lend(client)).not.toBe(first);
  });

  test("lends an exchange that knows nothing of its last client", () => {
    const store = new ExchangeStore(exchangeDeps());
    const before = newClient();
    const exchange = store.lend(before);
    const request = Buffer.from("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n");
    const start = exchange.head.parse(request, 0, request.length);
    exchange.begin(request, start, request.length);
    expect(exchange.answer.status).toBe(404);
    store.giveBack(exchange);
    const stream = new FakeStream();
    const lent = store.lend(newClient(stream));
    expect([lent, lent.answer.status, lent.pool, lent.to.live]).toEqual([
      exchange,
      0,
      undefined,
      undefined,
    ]);
    lent.head.parse(request, 0, request.length);
    lent.begin(request, start, request.length);
    expect(stream.text).toContain("404 Not Found");
  });

  test("keeps so many after a burst, and leaves the rest to the collector", () => {
    const store = new ExchangeStore(exchangeDeps());
    const client = newClient();
    const burst = Array.from({ length: 1_030 }, () => store.lend(client));
    burst.forEach((exchange) => store.giveBack(exchange));
    const known = new Set(burst);
    const again = burst.map(() => store.lend(client)).filter((exchange) => known.has(exchange));
    expect(again).toHaveLength(1_024);
  });

  test("keeps nothing of what its exchanges have served", async () => {
    const store = new ExchangeStore(exchangeDeps());
    const live = liveService(serviceTable({ v1: 1 }));
    serve(store, live, 10);
    await nextTurn();
    const before = usedBytes();
    const clients = serve(store, live, LONG);
    // Memory of buffers is given back some time after a collection.
    await eventually(() => expect((usedBytes() - before) / MANY).toBeLessThan(KIBIBYTE));
    expect(clients.filter((client) => client.deref() !== undefined)).toEqual([]);
  });
});
