import { describe, expect, test } from "vitest";
import { DEFAULT_POLICY } from "../../../control/config/policy-schema.ts";
import { readBy } from "../../../control/config/problems.ts";
import { serviceSchema } from "../../../control/config/service-schema.ts";
import type { Service } from "../../../control/config/service.ts";
import { problemText } from "../../../control/base/errors.ts";
import { cookieAffinity } from "../../proxy/table/service-fixture.ts";
import { HOST, refusedServices } from "../../cases/refused-services.ts";

const v1 = { endpoints: ["10.0.0.5:3000"] };

const withOne = (rest: object): object => ({ versions: { v1 }, ...rest });

function read(document: unknown): Service {
  const result = readBy(serviceSchema, document);
  if (result.kind === "read") return result.value;
  throw new Error(result.problems.map(problemText).join("\n"));
}

function problems(document: unknown): readonly string[] {
  const result = readBy(serviceSchema, document);
  return result.kind === "read" ? [] : result.problems.map(problemText);
}

describe("serviceSchema", () => {
  test("fills every default", () => {
    expect(read({ versions: { v1 } })).toStrictEqual({
      hosts: undefined,
      stable: "v1",
      salt: undefined,
      affinity: undefined,
      versions: [
        {
          name: "v1",
          weight: 1,
          state: "ready",
          source: { kind: "static", endpoints: [{ address: "10.0.0.5:3000", weight: 1 }] },
          endpointStates: new Map(),
        },
      ],
      routes: [],
      filters: [],
      policy: DEFAULT_POLICY,
      limits: {
        connections: 1024,
        pending: 1024,
        inFlight: 1024,
        tunnels: 1024,
        streams: 100,
        pendingTimeoutMs: 0,
        adaptive: false,
      },
      ejection: {
        consecutive: 5,
        baseTimeMs: 30_000,
        maxTimeMs: 300_000,
        maxPercent: 50,
        failurePercent: 25,
        windowMs: 10_000,
        samples: 20,
        panicPercent: 50,
      },
      healthCheck: undefined,
      keepAlive: { idleMs: undefined, requests: 0, ageMs: 0, off: false, pingMs: 360_000 },
      balance: "p2c",
      slowStartMs: 0,
      drain: { softMs: 60_000, hardMs: 90_000, connectionsPerSecond: 100 },
      onShift: "keep",
      splitter: undefined,
      methods: [],
      tolerate: [],
      via: "off",
      debug: false,
      upstreamTls: undefined,
      tcp: undefined,
      protocol: "http/1.1",
      rateLimit: undefined,
      grpc: { failures: ["UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"] },
      automatic: undefined,
    });
  });

  test("reads a whole service", () => {
    const service = read({
      hosts: ["Web", "*.Web.internal"],
      stable: "v2",
      salt: "pepper",
      affinity: { header: "X-User" },
      versions: {
        v2: {
          weight: 0,
          state: "drain",
          endpoints: [{ address: "[0::1]:80", weight: 7 }, "unix:/run/a"],
          endpointStates: { "[::0001]:80": "maint" },
        },
        v1: { weight: 10, consul: { service: "web", filter: "Meta.x == 1" } },
      },
      routes: [
        {
          match: {
            path: { exact: "/a" },
            methods: ["POST"],
            headers: { "X-Beta": "1" },
            query: { q: "" },
            cookies: { c: "1" },
          },
          to: "v1",
          timeout: 0,
          retries: { on: [503], budget: { min: 9 } },
        },
        { match: { path: "/b" } },
      ],
      timeout: "5s",
      headTimeout: "1s",
      maxBody: "1MiB",
      retries: { attempts: 3 },
      limits: { pending: 0 },
      ejection: { baseTime: "1s" },
      healthCheck: { path: "/health", fall: 9 },
      keepAlive: { idle: "2s", requests: 100, age: "1h", off: true },
      slowStart: "10s",
      drain: { soft: "1s" },
      methods: ["GET", "RDG_OUT_DATA"],
      tolerate: ["websocket-key"],
      via: "both",
      onShift: "migrate",
      consul: { splitter: "follow" },
      debug: true,
      rollout: { on: "newVersion", preset: "fast" },
    });
    const policy = {
      ...DEFAULT_POLICY,
      timeoutMs: 5_000,
      headTimeoutMs: 1_000,
      maxBodyBytes: 1_048_576,
      retries: { ...DEFAULT_POLICY.retries, attempts: 3 },
    };
    expect(service).toStrictEqual({
      hosts: ["web", "*.web.internal"],
      stable: "v2",
      salt: "pepper",
      affinity: { kind: "header", name: "x-user" },
      versions: [
        {
          name: "v2",
          weight: 0,
          state: "drain",
          source: {
            kind: "static",
            endpoints: [
              { address: "[::1]:80", weight: 7 },
              { address: "unix:/run/a", weight: 1 },
            ],
          },
          endpointStates: new Map([["[::1]:80", "maint"]]),
        },
        {
          name: "v1",
          weight: 10,
          state: "ready",
          source: { kind: "consul", selector: { service: "web", filter: "Meta.x == 1" } },
          endpointStates: new Map(),
        },
      ],
      routes: [
        {
          match: {
            path: { kind: "exact", path: "/a" },
            methods: ["POST"],
            headers: { "x-beta": "1" },
            query: { q: "" },
            cookies: { c: "1" },
          },
          to: "v1",
          policy: {
            ...policy,
            timeoutMs: 0,
            retries: { ...policy.retries, on: ["503"], budgetMin: 9 },
          },
        },
        {
          match: {
            path: { kind: "prefix", path: "/b" },
            methods: [],
            headers: {},
            query: {},
            cookies: {},
          },
          to: undefined,
          policy,
        },
      ],
      filters: [],
      policy,
      limits: {
        connections: 1024,
        pending: 0,
        inFlight: 1024,
        tunnels: 1024,
        streams: 100,
        pendingTimeoutMs: 0,
        adaptive: false,
      },
      ejection: {
        consecutive: 5,
        baseTimeMs: 1_000,
        maxTimeMs: 300_000,
        maxPercent: 50,
        failurePercent: 25,
        windowMs: 10_000,
        samples: 20,
        panicPercent: 50,
      },
      healthCheck: {
        question: { kind: "http", path: "/health" },
        intervalMs: 5_000,
        timeoutMs: 2_000,
        rise: 2,
        fall: 9,
      },
      keepAlive: { idleMs: 2_000, requests: 100, ageMs: 3_600_000, off: true, pingMs: 360_000 },
      balance: "p2c",
      slowStartMs: 10_000,
      drain: { softMs: 1_000, hardMs: 90_000, connectionsPerSecond: 100 },
      onShift: "migrate",
      splitter: "follow",
      methods: ["GET", "RDG_OUT_DATA"],
      tolerate: ["websocket-key"],
      via: "both",
      debug: true,
      upstreamTls: undefined,
      tcp: undefined,
      protocol: "http/1.1",
      automatic: { preset: "fast", strategy: undefined },
      rateLimit: undefined,
      grpc: { failures: ["UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"] },
    });
  });

  test.each([
    [{ cookie: "sid" }, cookieAffinity()],
    [{ cookie: "sid", set: false }, cookieAffinity({ set: false })],
    [{ cookie: "__Host-a", set: false }, cookieAffinity({ name: "__Host-a", set: false })],
    [{ cookie: "sid", maxAge: 0 }, cookieAffinity({ maxAgeS: 0 })],
    [
      {
        cookie: "sid",
        path: "/shop",
        domain: "Shop.Example",
        maxAge: "90m",
        secure: true,
        sameSite: "None",
        onCacheable: true,
      },
      cookieAffinity({
        path: "/shop",
        domain: "shop.example",
        maxAgeS: 5_400,
        secure: true,
        sameSite: "None",
        onCacheable: true,
      }),
    ],
    [{ query: "user" }, { kind: "query", name: "user" }],
    [{ clientIp: true }, { kind: "clientIp" }],
  ])("reads the affinity %j", (affinity, expected) => {
    expect(read(withOne({ affinity })).affinity).toStrictEqual(expected);
  });

  test("gives an endpoint without a weight the weight 1, however it is written", () => {
    const endpoints = ["10.0.0.5:1", { address: "10.0.0.5:2" }, { address: "web.internal:3" }];
    const [version] = read({ versions: { v1: { endpoints } } }).versions;
    expect(version?.source).toStrictEqual({
      kind: "static",
      endpoints: [
        { address: "10.0.0.5:1", weight: 1 },
        { address: "10.0.0.5:2", weight: 1 },
        { address: "web.internal:3", weight: 1 },
      ],
    });
  });

  test.each([
    [
      { service: "web", datacenter: "dc2" },
      { service: "web", datacenter: "dc2" },
    ],
    [{ query: "web" }, { query: "web", pollMs: 10_000 }],
    [
      { query: "web", poll: "60s", version: "v1", datacenter: "dc2" },
      { query: "web", pollMs: 60_000, version: "v1", datacenter: "dc2" },
    ],
  ])("reads the selector %j", (consul, selector) => {
    const { versions } = serviceSchema.parse({ versions: { v1: { consul } } });
    expect(versions[0]?.source).toEqual({ kind: "consul", selector });
  });

  test("takes names that are special in JavaScript as names", () => {
    const versions = { constructor: { weight: 1, ...v1 }, toString: { weight: 1, ...v1 } };
    const service = read({ versions, stable: "toString" });
    expect(service.versions.map(({ name }) => name)).toStrictEqual(["constructor", "toString"]);
    expect(problems(withOne({ stable: "constructor" }))).toStrictEqual([
      'stable: wanted one of the versions v1, found "constructor"',
    ]);
  });

  test.each(refusedServices)("refuses %j", (document, ...expected) => {
    expect(problems(document)).toStrictEqual(expected);
  });

  test("refuses a document that is too deep, without exhausting the stack", () => {
    const depth = 100_000;
    const deep: unknown = JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
    const [problem] = problems(withOne({ routes: deep }));
    expect(problem).toMatch(/^routes(?:\[0\]){15}: wanted at most 16 levels, found a list of 1$/);
  });

  test("tells at most 100 problems, each cut short", () => {
    const hosts = Array.from({ length: 200 }, () => `${"x".repeat(500)}!`);
    const told = problems(withOne({ hosts }));
    expect(told).toHaveLength(100);
    expect(told[0]).toBe(`hosts[0]: wanted ${HOST}, found "${"x".repeat(60)}…"`);
  });
});
