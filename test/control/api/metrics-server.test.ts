import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createMetricsServer } from "../../../control/api/metrics-server.ts";
import { accessOf } from "../../support/api-tokens.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { startApi } from "../../support/running-api.ts";

test("The metrics server shows metrics and health to anybody, and nothing else", async () => {
  const access = await accessOf(fixedClock);
  await using api = await startApi({ access }, createMetricsServer);
  const look = async (path: string, method = "GET"): Promise<number> =>
    (await fetch(api.url + path, { method })).status;
  const paths = ["/metrics", "/livez", "/readyz"];
  expect(await Promise.all(paths.map((path) => look(path)))).toEqual([200, 200, 200]);
  const ready = await (await fetch(`${api.url}/readyz`)).json();
  expect(ready).toEqual({ ready: true, reasons: [], problems: [], stale: [] });
  const others = ["/v1/services", "/v1/drain", "/v1/openapi.json", "/v1/whoami", "/"];
  for (const path of others) expect(await look(path)).toBe(404);
  expect(await look("/v1/drain", "POST")).toBe(404);
  for (const path of paths) expect(await look(path, "POST")).toBe(405);
  expect(api.sidecar.drains).toBe(0);
});

test("The metrics server asks the workers once a second, however often it is asked", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const stats = async (): Promise<[]> => {
    asked += 1;
    return [];
  };
  const workers = { stats, restarts: 0, pids: [1] };
  await using api = await startApi({ clock, workers }, createMetricsServer);
  const scrape = async (): Promise<string> => (await fetch(`${api.url}/metrics`)).text();
  const all = await Promise.all([scrape(), scrape(), scrape()]);
  expect([new Set(all).size, asked]).toEqual([1, 1]);
  await clock.advance(1_000);
  await scrape();
  expect(asked).toBe(2);
});

test("The metrics server's readyz fails as soon as the sidecar drains", async () => {
  await using api = await startApi({ clock: fixedClock }, createMetricsServer);
  const ready = async (): Promise<unknown> => (await fetch(`${api.url}/readyz`)).json();
  expect(await ready()).toMatchObject({ ready: true });
  api.sidecar.drains = 1;
  expect(await ready()).toMatchObject({ ready: false, reasons: ["draining"] });
});

test("The metrics server keeps web pages out, as the API does", async () => {
  await using api = await startApi({}, createMetricsServer);
  const socket = connect(api.port, "127.0.0.1");
  socket.end("GET /metrics HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 421 /);
});
