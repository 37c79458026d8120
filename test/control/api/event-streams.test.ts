import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import {
  EventStreams,
  HEARTBEAT_MS,
  UNSENT_BYTES_MAX,
} from "../../../control/api/event-streams.ts";
import { Events, EVENTS_KEPT_MAX } from "../../../control/records/events.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { eventually } from "../../support/eventually.ts";

/** A response that nobody reads. */
function openResponse(): PassThrough & ServerResponse {
  const response = Object.assign(new PassThrough(), { writeHead: () => undefined });
  return response as unknown as PassThrough & ServerResponse;
}

/** Reads a response: what has come so far. */
function readAll(response: PassThrough): () => string {
  let all = "";
  response.on("data", (chunk: Buffer) => (all += chunk.toString()));
  return () => all;
}

/** The `data` objects of a stream's text, in order. */
function dataOf(text: string): object[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? "") as object);
}

test.each(["1", "other.1", "9999999", "nonsense"])(
  "EventStreams says `gap` for Last-Event-ID %j that it cannot resume after, then all it keeps",
  async (lastEventId) => {
    const events = new Events(systemClock);
    for (let number = 0; number < EVENTS_KEPT_MAX + 5; number += 1) {
      events.emit({ kind: "revision", services: ["web"], revision: number, action: "put" });
    }
    const response = openResponse();
    const text = readAll(response);
    new EventStreams(events, systemClock).open(response, lastEventId);
    await eventually(() => expect(dataOf(text())).toHaveLength(EVENTS_KEPT_MAX + 1));
    const gap = JSON.stringify({ lastEventId, resumedAfter: 5 });
    expect(text().startsWith(`: connected\n\nevent: gap\ndata: ${gap}\n\n`)).toBe(true);
    expect(dataOf(text()).slice(1)).toEqual(events.since(0));
    response.destroy();
  },
);

test("EventStreams cuts off a client that does not read", () => {
  const events = new Events(systemClock);
  const streams = new EventStreams(events, systemClock);
  const response = openResponse();
  streams.open(response, undefined);
  const problem = "x".repeat(UNSENT_BYTES_MAX / 4);
  for (let sent = 0; sent < 4; sent += 1) events.emit({ kind: "store", problem });
  expect(response.destroyed).toBe(true);
});

test("EventStreams sends a comment when nothing happens", async () => {
  const sleeps: number[] = [];
  const clock = {
    ...systemClock,
    sleep: (forMs: number) => {
      sleeps.push(forMs);
      return sleeps.length === 1 ? Promise.resolve() : new Promise<never>(() => undefined);
    },
  };
  const streams = new EventStreams(new Events(clock), clock);
  const response = openResponse();
  const text = readAll(response);
  streams.open(response, undefined);
  await eventually(() => expect(text()).toBe(": connected\n\n: alive\n\n"));
  expect(sleeps[0]).toBe(HEARTBEAT_MS);
  response.destroy();
});
