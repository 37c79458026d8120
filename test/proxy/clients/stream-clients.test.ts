import { expect, test } from "vitest";
import { StreamClients } from "../../../proxy/clients/stream-clients.ts";
import type { StreamClient } from "../../../proxy/clients/stream-client.ts";

function fake(about: object = {}): StreamClient {
  return about as StreamClient;
}

test("StreamClients uses objects again, and keeps only so many", () => {
  let made = 0;
  const clients = new StreamClients(() => fake({ number: (made += 1) }));
  const first = Array.from({ length: 20 }, () => clients.take());
  expect([made, clients.size, [...clients]]).toEqual([20, 20, first]);
  for (const client of first) clients.giveBack(client);
  expect(clients.size).toBe(0);
  const again = Array.from({ length: 20 }, () => clients.take());
  expect(made).toBe(24);
  expect(new Set(again).size).toBe(20);
});

test("StreamClients knows of a tunnel, and of a request that is old", () => {
  const works = [{ exchange: { sinceMs: 500 } }, {}, { tunnel: {} }];
  const clients = new StreamClients(() => fake(works.shift()));
  expect(clients.hasSince(1_000)).toBe(false);
  clients.take();
  clients.take();
  expect([clients.hasSince(499), clients.hasSince(500)]).toEqual([false, true]);
  expect(clients.hasTunnel).toBe(false);
  clients.take();
  expect([clients.hasSince(0), clients.hasTunnel]).toEqual([false, true]);
});

test("StreamClients knows for how long a client has left its answers unread", () => {
  const clients = new StreamClients(() => fake());
  const under = clients.take();
  expect(clients.unreadMs(1, 1_000)).toBe(0);
  clients.giveBack(under);
  expect([2_000, 3_500].map((nowMs) => clients.unreadMs(1, nowMs))).toEqual([0, 1_500]);
  expect([clients.unreadMs(0, 4_000), clients.unreadMs(1, 5_000)]).toEqual([0, 0]);
});
