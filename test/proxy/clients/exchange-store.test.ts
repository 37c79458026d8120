import { describe, expect, test } from "vitest";
import { ExchangeStore } from "../../../proxy/clients/exchange-store.ts";
import type { ExchangeClient } from "../../../proxy/exchange/ports.ts";
import { serviceTable } from "../table/service-fixture.ts";
import {
  FakeStream,
  exchangeClient,
  exchangeDeps,
  liveService,
} from "../exchange/exchange-fixture.ts";

/** A client with nothing behind it. */
function newClient(transport = new FakeStream()): ExchangeClient {
  return exchangeClient(liveService(serviceTable({ v1: 1 })), { transport });
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
});
