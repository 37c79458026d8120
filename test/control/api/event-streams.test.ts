import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { EventStreams, HEARTBEAT_MS } from "../../../control/api/event-streams.ts";
import type { Stats } from "../../../control/api/stats-ticker.ts";
import { Events, EVENTS_KEPT_MAX } from "../../../control/records/events.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { eventually } from "../../support/eventually.ts";

/** Tells nobody how traffic goes. */
const NO_TICKER = { watch: () => () => undefined };

const mayRead = (): boolean => true;

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
    new EventStreams(events, systemClock, NO_TICKER).open(response, { lastEventId, mayRead });
    await eventually(() => expect(dataOf(text())).toHaveLength(EVENTS_KEPT_MAX + 1));
    const gap = JSON.stringify({ lastEventId, resumedAfter: 5 });
    expect(text().startsWith(`: connected\n\nevent: gap\ndata: ${gap}\n\n`)).toBe(true);
    expect(dataOf(text()).slice(1)).toEqual(events.since(0));
    response.destroy();
  },
);

test("EventStreams gives a client all that it missed, as fast as it takes it", async () => {
  const events = new Events(systemClock);
  const problem = "x".repeat(4_000);
  for (let sent = 0; sent < 600; sent += 1) events.emit({ kind: "store", problem });
  const response = openResponse();
  new EventStreams(events, systemClock, NO_TICKER).open(response, { lastEventId: "1", mayRead });
  // Nobody reads yet: no more than a buffer is held for this client.
  expect(response.writableLength + response.readableLength).toBeLessThan(200_000);
  const text = readAll(response);
  await eventually(() => expect(dataOf(text())).toEqual(events.since(1)));
  expect(response.destroyed).toBe(false);
  response.destroy();
});

test("EventStreams says `gap` in the middle to a client slower than what is kept", async () => {
  const events = new Events(systemClock);
  const response = openResponse();
  new EventStreams(events, systemClock, NO_TICKER).open(response, {
    lastEventId: undefined,
    mayRead,
  });
  const problem = "x".repeat(20_000);
  for (let sent = 0; sent < EVENTS_KEPT_MAX + 50; sent += 1)
    events.emit({ kind: "store", problem });
  const text = readAll(response);
  await eventually(() => expect(text()).toContain(`"id":${events.lastId}`));
  const [gap] = dataOf(text()).filter((data) => "resumedAfter" in data);
  expect(gap).toMatchObject({ resumedAfter: events.forgottenId });
  expect(dataOf(text()).slice(-EVENTS_KEPT_MAX)).toEqual(events.since(0));
  response.destroy();
});

test("EventStreams cuts off a client that has taken nothing for a minute", async () => {
  let nowMs = 0;
  const beats: (() => void)[] = [];
  const sleep = (forMs: number): Promise<void> =>
    new Promise((resolve) => {
      beats.push(() => {
        nowMs += forMs;
        resolve();
      });
    });
  const clock = { ...systemClock, nowMs: () => nowMs, sleep };
  const events = new Events(clock);
  const response = openResponse();
  new EventStreams(events, clock, NO_TICKER).open(response, { lastEventId: undefined, mayRead });
  nowMs = 3_600_000;
  const beat = async (times: number): Promise<void> => {
    const before = beats.length;
    beats.at(-1)?.();
    await eventually(() => expect(beats.length > before || response.destroyed).toBe(true));
    if (times > 1) await beat(times - 1);
  };
  await beat(1);
  events.emit({ kind: "store", problem: "x".repeat(100_000) });
  await beat(4);
  expect(response.destroyed).toBe(false);
  await beat(1);
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
  const streams = new EventStreams(new Events(clock), clock, NO_TICKER);
  const response = openResponse();
  const text = readAll(response);
  streams.open(response, { lastEventId: undefined, mayRead });
  await eventually(() => expect(text()).toBe(": connected\n\n: alive\n\n"));
  expect(sleeps[0]).toBe(HEARTBEAT_MS);
  response.destroy();
});

test("EventStreams tells nothing more to whoever may not read any more, and ends", async () => {
  const beats: (() => void)[] = [];
  const sleep = (): Promise<void> => new Promise((resolve) => beats.push(resolve));
  const clock = { ...systemClock, sleep };
  const events = new Events(clock);
  const streams = new EventStreams(events, clock, NO_TICKER);
  const allowed = new Set(["told", "idle", "stalled"]);
  const [told, idle, stalled] = ["told", "idle", "stalled"].map((name) => {
    const response = openResponse();
    streams.open(response, { lastEventId: undefined, mayRead: () => allowed.has(name) });
    return response;
  });
  const text = readAll(told as PassThrough);
  stalled?.write("x".repeat(100_000));
  allowed.clear();
  events.emit({ kind: "store", problem: "secret" });
  await eventually(() => expect(told?.writableEnded).toBe(true));
  expect(text()).toBe(": connected\n\n");
  for (const beat of beats) beat();
  await eventually(() => expect([idle?.writableEnded, stalled?.destroyed]).toEqual([true, true]));
});

test("EventStreams tells whoever asks how traffic goes, without an id", async () => {
  const watchers = new Set<(stats: Stats) => void>();
  const watch = (watcher: (stats: Stats) => void): (() => void) => {
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  };
  const streams = new EventStreams(new Events(systemClock), systemClock, { watch });
  const [asking, other] = [openResponse(), openResponse()];
  const texts = [readAll(asking), readAll(other)];
  streams.open(asking, { lastEventId: undefined, stats: true, mayRead });
  streams.open(other, { lastEventId: undefined, mayRead });
  const stats = { time: "2026-01-01T00:00:00.000Z", revision: 1, windowMs: 10_000, services: {} };
  for (const watcher of watchers) watcher(stats);
  const told = `: connected\n\nevent: stats\ndata: ${JSON.stringify(stats)}\n\n`;
  await eventually(() => {
    expect(texts.map((text) => text())).toEqual([told, ": connected\n\n"]);
  });
  asking.destroy();
  await eventually(() => expect(watchers.size).toBe(0));
  other.destroy();
});

test("EventStreams ends a stream of stats when whoever reads it may no more", async () => {
  let may = true;
  let tell: ((stats: Stats) => void) | undefined;
  const watch = (watcher: (stats: Stats) => void): (() => void) => {
    tell = watcher;
    return () => undefined;
  };
  const streams = new EventStreams(new Events(systemClock), systemClock, { watch });
  const response = openResponse();
  const text = readAll(response);
  streams.open(response, { lastEventId: undefined, stats: true, mayRead: () => may });
  may = false;
  tell?.({ time: "", revision: 1, windowMs: 0, services: {} });
  await eventually(() => expect(response.writableEnded).toBe(true));
  expect(text()).toBe(": connected\n\n");
});
