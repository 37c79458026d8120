import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import {
  EventStreams,
  HEARTBEAT_MS,
  UNSENT_BYTES_MAX,
} from "../../../control/api/event-streams.ts";
import { Events, EVENTS_KEPT_MAX, SUBSCRIBERS_MAX } from "../../../control/records/events.ts";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { eventually } from "../../support/eventually.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

type Stream = Disposable & { readonly status: number; readonly text: () => string };

/** Follows the events; `text` is what came so far. */
function follow(api: RunningApi, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${api.url}/v1/events`,
      { headers },
      (response: IncomingMessage) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("error", () => undefined);
        resolve({
          status: response.statusCode ?? 0,
          text: () => text,
          [Symbol.dispose]: () => request.destroy(),
        });
      },
    );
    request.once("error", reject).end();
  });
}

/** The `data` objects of a stream's text, in order. */
function dataOf(stream: Stream): { kind?: string; id?: number; revision?: number }[] {
  return [...stream.text().matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? ""));
}

function revision(number: number): SluiceEvent {
  return { kind: "revision", services: ["web"], revision: number, action: "put" };
}

test("GET events sends each event as id, event and data", async () => {
  await using api = await startApi();
  using stream = await follow(api);
  const about = { services: ["web"] as const, version: "v1", endpoint: "10.0.0.5:3000" };
  const { id, time } = api.events.emit({ kind: "readmission", ...about });
  const data = JSON.stringify({ kind: "readmission", ...about, service: "web", id, time });
  const pattern = new RegExp(
    `^: connected\n\nid: \\w+\\.${id}\nevent: readmission\ndata: (.*)\n\n$`,
  );
  await eventually(() => expect(pattern.exec(stream.text())?.[1]).toBe(data));
});

test("GET events resumes after Last-Event-ID without a hole or a repeat", async () => {
  await using api = await startApi();
  using first = await follow(api);
  for (let n = 1; n <= 3; n += 1) api.events.emit(revision(n));
  await eventually(() => expect(dataOf(first).map((each) => each.revision)).toEqual([1, 2, 3]));
  const [, second] = [...first.text().matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? "");
  using resumed = await follow(api, { "last-event-id": second ?? "" });
  api.events.emit(revision(4));
  await eventually(() => expect(dataOf(resumed).map((each) => each.revision)).toEqual([3, 4]));
});

test.each(["1", "other.1", "9999999", "nonsense"])(
  "GET events says `gap` for Last-Event-ID %j that it cannot resume after",
  async (lastEventId) => {
    await using api = await startApi();
    for (let n = 0; n < EVENTS_KEPT_MAX + 5; n += 1) api.events.emit(revision(n));
    using stream = await follow(api, { "last-event-id": lastEventId });
    await eventually(() => expect(dataOf(stream)).toHaveLength(EVENTS_KEPT_MAX + 1));
    expect(stream.text()).toMatch(/^: connected\n\nevent: gap\ndata: \{"lastEventId"/);
    expect(dataOf(stream).slice(1)).toEqual(api.events.since(0));
  },
);

test("GET events is 503 above the bound, and free again when somebody leaves", async () => {
  await using api = await startApi();
  const streams = await Promise.all(Array.from({ length: SUBSCRIBERS_MAX }, () => follow(api)));
  using refused = await follow(api);
  await eventually(() => expect(refused.text()).toContain('"code":"too_many_subscribers"'));
  expect(refused.status).toBe(503);
  streams[0]?.[Symbol.dispose]();
  await eventually(async () => {
    using taken = await follow(api);
    expect(taken.status).toBe(200);
  });
  for (const stream of streams) stream[Symbol.dispose]();
});

test("close() of the API ends open streams", async () => {
  const api = await startApi();
  using stream = await follow(api);
  await api[Symbol.asyncDispose]();
  expect(stream.status).toBe(200);
});

test("EventStreams cuts off a client that does not read", () => {
  const events = new Events(systemClock);
  const streams = new EventStreams(events, systemClock);
  const response = Object.assign(new PassThrough(), { writeHead: () => undefined });
  streams.open(response as unknown as ServerResponse, undefined);
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
  const response = Object.assign(new PassThrough(), { writeHead: () => undefined });
  streams.open(response as unknown as ServerResponse, undefined);
  let text = "";
  response.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await eventually(() => expect(text).toBe(": connected\n\n: alive\n\n"));
  expect(sleeps[0]).toBe(HEARTBEAT_MS);
  response.destroy();
});
