import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { SUBSCRIBERS_MAX } from "../../../control/records/events.ts";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import type { Stats } from "../../../control/api/stats-ticker.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { oneWorker } from "../../support/worker-stats.ts";
import { eventually } from "../../support/eventually.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

type Stream = Disposable & { readonly status: number; readonly text: () => string };

/** Follows the events; `text` is what came so far. */
function follow(
  api: RunningApi,
  headers: Record<string, string> = {},
  query = "",
): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${api.url}/v1/events${query}`,
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

test.each([
  ["0", [1, 2, 3]],
  ["2", [3]],
  [undefined, []],
])("GET events?follow=false after %s ends with what is kept", async (lastEventId, revisions) => {
  await using api = await startApi();
  const before = api.events.lastId;
  for (let n = 1; n <= 3; n += 1) api.events.emit(revision(n));
  const id = lastEventId === undefined ? undefined : String(before + Number(lastEventId));
  const headers: Record<string, string> = id === undefined ? {} : { "last-event-id": id };
  const answer = await fetch(`${api.url}/v1/events?follow=false`, { headers });
  const told = [...(await answer.text()).matchAll(/"revision":(\d+)/g)].map(([, n]) => Number(n));
  expect(told).toEqual(revisions);
});

test("GET events?stats tells every second how traffic goes, among the events", async () => {
  let requests = 0;
  const stats = async (): Promise<readonly WorkerStats[]> => {
    requests += 10;
    const worker = oneWorker();
    const versions = worker.versions.map((each) => ({ ...each, codes: [0, 0, requests, 0, 0, 0] }));
    return [{ ...worker, versions }];
  };
  await using api = await startApi({ workers: { stats, restarts: 0, pids: [1] } });
  using stream = await follow(api, {}, "?stats");
  api.events.emit(revision(7));
  await eventually(() => {
    const [, second] = [...stream.text().matchAll(/^event: stats\ndata: (.*)$/gm)];
    const told = JSON.parse(second?.[1] ?? "{}") as Stats;
    expect(told).toMatchObject({ revision: 1, services: { web: { open: 3, tunnels: 1 } } });
    const { rate = 0 } = told.services["web"] ?? {};
    expect(Math.round((rate * told.windowMs) / 1_000)).toBe(10);
    expect(stream.text()).toContain("event: revision");
  });
});
