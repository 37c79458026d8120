import { afterAll, beforeAll, expect, test } from "vitest";
import { COUNTING, FilterBench } from "../support/filter-bench.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { RawOrigin, answer } from "../support/origin.ts";
import { exchangeRaw } from "../support/raw-socket.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what filters do to requests and responses is what service and client get. Method: one
 * sidecar with a service for each kind of filter, and raw bytes on both sides of it.
 */

let bench: FilterBench;
let raw: RawOrigin;
let v1: VersionOrigin;
let v2: VersionOrigin;

const FIRST = `
  return {
    request(head: any) {
      head.setHeader("x-path", head.method + " " + head.path + " " + head.query);
      head.setHeader("x-from", String(head.header("x-forwarded-for")) + " " + options.key);
      head.removeHeader("X-Secret");
    },
    response: (head: any) => head.appendHeader("x-seen-by", "first " + head.status),
  };`;

const LAST = `
  return {
    request: (head: any) => head.appendHeader("x-path", "last"),
    response(head: any) {
      head.removeHeader("server");
      head.appendHeader("x-seen-by", "last");
    },
  };`;

const GATE = `
  return {
    request(head: any) {
      if (head.header("x-key") === "k") return;
      head.answer({ status: 401, headers: { "www-authenticate": "Key" }, body: "who?" });
    },
    response: (head: any) => head.setHeader("x-seen-by", "gate"),
  };`;

const CHOOSE = `
  return { request: (head: any) => { if (head.query !== "") head.version(head.query); } };`;

const FAIL = `
  const fail = () => {
    if (options.how === "throw") throw new Error("boom");
    const endMs = performance.now() + 20;
    while (performance.now() < endMs) { /* holds everybody up */ }
  };`;

beforeAll(async () => {
  bench = await FilterBench.open();
  raw = await RawOrigin.start();
  v1 = await VersionOrigin.start("v1");
  v2 = await VersionOrigin.start("v2");
  const [first, last, gate] = [
    await bench.module("first", FIRST),
    await bench.module("last", LAST),
    await bench.module("gate", GATE),
  ];
  const onRequest = await bench.module(
    "fails",
    `${FAIL} return { request: (head: any) => { head.setHeader("x-a", "1"); fail(); } };`,
  );
  const onResponse = await bench.module("late", `${FAIL} return { response: fail };`);
  const seen = await bench.module("seen", COUNTING);
  const service = (...filters: readonly object[]): object => ({
    versions: { v1: { endpoints: [v1.address] } },
    filters,
  });
  // Where time is not what is tried, a busy machine must not make a filter late.
  const timeout = 0;
  const [throws, late] = [
    { options: { how: "throw" }, timeout },
    { options: {}, timeout: "10ms" },
  ];
  await bench.start({
    edits: {
      versions: { v1: { endpoints: [raw.address] } },
      filters: [
        { module: first, options: { key: "k" }, timeout },
        { module: last, timeout },
      ],
    },
    gated: service({ module: gate, onError: "closed", timeout }),
    chosen: {
      versions: {
        v1: { weight: 1, endpoints: [v1.address] },
        v2: { weight: 0, endpoints: [v2.address] },
        v3: { weight: 0, endpoints: [], state: "maint" },
      },
      routes: [{ match: { path: "/routed" }, to: "v2" }],
      filters: [{ module: await bench.module("choose", CHOOSE), timeout }],
    },
    fail1: service({ module: onRequest, ...throws }),
    fail2: service({ module: onRequest, ...late }),
    fail3: service({ module: onResponse, ...throws }),
    closed1: service({ module: onRequest, ...throws, onError: "closed" }),
    closed2: service({ module: onRequest, ...late, onError: "closed" }),
    closed3: service({ module: onResponse, ...late, onError: "closed" }),
    seen: service({ module: seen, timeout: 0 }),
  });
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  for (const origin of [raw, v1, v2]) origin[Symbol.dispose]();
});

/** What the filters of a service count. */
async function countsOf(service: string): Promise<object[]> {
  const views = (await bench.views()).filter((view) => view.service === service);
  return views.map(({ failures, answers }) => ({ ...failures, answers }));
}

test("the service gets the request that filters made, and the client their response", async () => {
  raw.onRequest = answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nok");
  const request =
    "POST /a/../b?c=d HTTP/1.1\r\nHost: edits\r\nX-Secret: 1\r\nContent-Length: 3\r\n\r\nabc";
  const { response } = await exchangeRaw({ port: bench.port }, request);
  expect(response.fields.filter(([name]) => name === "x-seen-by" || name === "server")).toEqual([
    ["x-seen-by", "last"],
    ["x-seen-by", "first 200"],
  ]);
  const [seen] = raw.requests;
  expect(seen?.line).toBe("POST /a/../b?c=d HTTP/1.1");
  expect(seen?.text.endsWith("\r\n\r\nabc")).toBe(true);
  expect(seen?.fields.filter(([name]) => /^x-(path|from|secret)$/.test(name))).toEqual([
    ["x-path", "POST /b c=d"],
    ["x-from", "127.0.0.1 k"],
    ["x-path", "last"],
  ]);
  const none = { throw: 0, timeout: 0, load: 0, answers: 0 };
  expect(await countsOf("edits")).toEqual([none, none]);
});

test("a filter's answer replaces the service's, and the connection goes on", async () => {
  const before = v1.requests;
  const connection = await KeptConnection.open(bench.port);
  const refused = await connection.get("gated");
  expect([refused.status, refused.body]).toEqual([401, "who?"]);
  expect(refused.head).toMatch(/^HTTP\/1.1 401 Unauthorized\r\n/);
  expect(refused.head).toContain("\r\nwww-authenticate: Key");
  expect(refused.head).not.toContain("x-seen-by");
  const passed = await connection.get("gated", "/", "X-Key: k\r\n");
  expect([passed.status, passed.body, connection.isOpen]).toEqual([200, "v1", true]);
  expect(passed.head).toContain("\r\nx-seen-by: gate");
  connection.close();
  // The request's body is not read, so the answer is the last one.
  const upload = "POST / HTTP/1.1\r\nHost: gated\r\nContent-Length: 100\r\n\r\n";
  const { response, fate } = await exchangeRaw({ port: bench.port }, upload);
  expect([response.status, fate]).toEqual([401, "fin"]);
  expect(v1.requests - before).toBe(1);
  expect(await countsOf("gated")).toMatchObject([{ answers: 2 }]);
});

test("a request goes to the version that a filter chooses, before routes and split", async () => {
  const bodies: string[] = [];
  for (const path of ["/", "/?v2", "/routed", "/routed?v1", "/?none"]) {
    bodies.push((await bench.get(path, "chosen")).slice(-2));
  }
  expect(bodies).toEqual(["v1", "v2", "v2", "v1", "v1"]);
  expect(await bench.get("/?v3", "chosen")).toMatch(/^HTTP\/1.1 503 .*destination_unavailable/s);
  expect(await countsOf("chosen")).toMatchObject([{ throw: 1, timeout: 0, load: 0 }]);
});

test("an exchange goes on without a failing filter, or gets 503, as configured", async () => {
  const failed = "Proxy-Status: sluice; error=proxy_internal_error";
  for (const host of ["fail1", "fail2", "fail3"]) {
    expect(await bench.get("/", host)).toMatch(/ 200 OK\r\n.*v1$/s);
  }
  for (const host of ["closed1", "closed2", "closed3"]) {
    const connection = await KeptConnection.open(bench.port);
    const { status, head } = await connection.get(host);
    const isTold = head.includes(failed);
    expect([host, status, isTold, connection.isOpen]).toEqual([host, 503, true, true]);
    connection.close();
  }
  const metrics = await (await bench.sidecar.call("GET", "/metrics")).text();
  const lines = [
    ...metrics.matchAll(/^sluice_filter_failures_total(\{.*(?:fail|closed)\d.*\}) 1$/gm),
  ];
  expect(lines.map(([, labels]) => labels)).toEqual([
    '{service="fail1",filter="fails",kind="throw"}',
    '{service="fail2",filter="fails",kind="timeout"}',
    '{service="fail3",filter="late",kind="throw"}',
    '{service="closed1",filter="fails",kind="throw"}',
    '{service="closed2",filter="fails",kind="timeout"}',
    '{service="closed3",filter="late",kind="timeout"}',
  ]);
});

test("filters see the head of an upgrade too", async () => {
  const upgrade =
    "GET / HTTP/1.1\r\nHost: seen\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  const { response } = await exchangeRaw({ port: bench.port }, upgrade);
  const seenBy = response.fields.find(([name]) => name === "x-seen-by");
  expect([response.status, seenBy]).toEqual([101, ["x-seen-by", "1"]]);
});

test("a response under way ends with the old filter, new exchanges have the new", async () => {
  const before = Number(/1: (\d+)$/.exec(await bench.get("/count", "seen"))?.[1]);
  const asked = Promise.withResolvers<() => void>();
  v1.answer = (response) => asked.resolve(() => void response.end("slow"));
  const slow = bench.get("/slow", "seen");
  const finish = await asked.promise;
  await bench.module("seen", COUNTING, { version: "2", readsState: ["1"] });
  await bench.put("seen");
  v1.answer = (response) => response.end("quick");
  expect(await bench.get("/quick", "seen")).toMatch(/\r\nx-seen-by: 2\r\n/);
  finish();
  expect(await slow).toMatch(/\r\nx-seen-by: 1\r\n.*slow$/s);
  expect(await bench.get("/count", "seen")).toMatch(new RegExp(`2: ${before + 2}$`));
});
