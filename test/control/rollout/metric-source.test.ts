import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { MetricConfig } from "../../../control/config/rollouts-schema.ts";
import { metricSource } from "../../../control/rollout/metric-source.ts";
import { ScriptedHttp } from "../../support/scripted-http.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const ABOUT = { service: "web", from: "v1", to: "v2" };

function read(config: MetricConfig): Promise<number> {
  const source = metricSource(config, (path) => path);
  return source.read(ABOUT, new AbortController().signal);
}

async function answering(status: number, body: unknown): Promise<ScriptedHttp> {
  const server = await ScriptedHttp.start();
  server.answers = [[status, typeof body === "string" ? body : JSON.stringify(body)]];
  return server;
}

const vector = (...values: readonly string[]): object => ({
  status: "success",
  data: {
    resultType: "vector",
    result: values.map((value) => ({ metric: {}, value: [1, value] })),
  },
});

describe("A metric of Prometheus", () => {
  const config = (server: ScriptedHttp): MetricConfig => ({
    prometheus: `${server.url}/prom/`,
    query: 'rate(errors{version="{{to}}", service="{{service}}"}[1m])',
    timeout: 5_000,
  });

  test("is the one series that a query about both versions gives", async () => {
    const server = await answering(200, vector("0.25"));
    expect(await read(config(server))).toBe(0.25);
    const { pathname, searchParams } = new URL(server.asked[0]?.path ?? "", server.url);
    expect([pathname, searchParams.get("query")]).toEqual([
      "/prom/api/v1/query",
      'rate(errors{version="v2", service="web"}[1m])',
    ]);
  });

  test("may be a scalar", async () => {
    const server = await answering(200, { data: { resultType: "scalar", result: [1, "7"] } });
    expect(await read(config(server))).toBe(7);
  });

  test.each([
    ["no series", vector(), "found 0"],
    ["two series", vector("1", "2"), "found 2"],
    ["no number", vector("NaN"), "no number"],
    ["something else", { data: {} }, "resultType"],
    ["no JSON", "<html>", "JSON"],
  ])("cannot be had from %s", async (_what, body, text) => {
    await expect(read(config(await answering(200, body)))).rejects.toThrow(text);
  });
});

describe("A metric of JSON", () => {
  test("is the number at a pointer, asked for with the token of a file", async () => {
    const server = await answering(200, { "a/b": [{ rate: 3 }] });
    const tokenFile = join(await temporaryFolder(), "token");
    await writeFile(tokenFile, "t0ken\n", { mode: 0o600 });
    const json = `${server.url}/rates/{{to}}`;
    expect(await read({ json, pointer: "/a~1b/0/rate", tokenFile, timeout: 5_000 })).toBe(3);
    const [asked] = server.asked;
    expect([asked?.path, asked?.headers.authorization]).toEqual(["/rates/v2", "Bearer t0ken"]);
  });

  test.each([
    [200, { rate: "3" }, "no number"],
    [200, {}, "no number"],
    [302, "", "answered 302"],
    [500, "", "answered 500"],
  ])("cannot be had from %d %j", async (status, body, text) => {
    const server = await answering(status, body);
    const config = { json: server.url, pointer: "/rate", timeout: 5_000 };
    await expect(read(config)).rejects.toThrow(text);
  });
});
