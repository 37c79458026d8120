import { expect, test } from "vitest";
import { serviceSchema } from "../../../control/config/service-schema.ts";
import { importedFrom } from "./import-fixture.ts";

const RESOLVER = {
  "service-resolver/web": { DefaultSubset: "v1", Subsets: { v1: {}, v2: {} } },
};

function routed(
  route: object,
  others: Parameters<typeof importedFrom>[0] = {},
): { routes: unknown; refusals: readonly string[]; notes: readonly string[] } {
  const { document, ...said } = importedFrom({
    ...RESOLVER,
    ...others,
    "service-router/web": { Routes: [route] },
  });
  if (said.refusals.length === 0) expect(serviceSchema.safeParse(document).error).toBeUndefined();
  return { routes: (document as { readonly routes?: unknown }).routes, ...said };
}

test("a route's conditions are ours, and its destination a version", () => {
  const { routes, refusals } = routed({
    Match: {
      HTTP: {
        PathExact: "/admin",
        Methods: ["GET", "PUT"],
        Header: [{ Name: "x-beta", Exact: "1" }],
        QueryParam: [{ Name: "user", Exact: "ada" }],
      },
    },
    Destination: { ServiceSubset: "v2" },
  });
  expect(routes).toEqual([
    {
      match: {
        path: { exact: "/admin" },
        methods: ["GET", "PUT"],
        headers: { "x-beta": "1" },
        query: { user: "ada" },
      },
      to: "v2",
    },
  ]);
  expect(refusals).toEqual([]);
});

test("a prefix counts by whole segments, which is noted, and that of every path is none", () => {
  const prefixed = routed({ Match: { HTTP: { PathPrefix: "/shop/" } } });
  expect(prefixed.routes).toEqual([{ match: { path: "/shop/" } }]);
  expect(prefixed.notes).toEqual([
    "service-router web, Routes[0].Match.HTTP.PathPrefix: " +
      "whole segments count here: /shop and all below it, not /shop…",
  ]);
  expect(routed({ Match: { HTTP: { PathPrefix: "/" } } })).toEqual({
    routes: [{ match: {} }],
    refusals: [],
    notes: [],
  });
  expect(routed({}).routes).toEqual([{ match: {} }]);
});

test("a route to another service is a version of its own, which fails over to none", () => {
  const { routes, notes } = routed({ Destination: { Service: "admin" } });
  expect(routes).toEqual([{ match: {}, to: "admin" }]);
  expect(notes).toEqual([
    "service-router web, Routes[0]: while its version has no instances, a route answers 503 and " +
      "fails over to none",
  ]);
});

test("a route to another service with a splitter is refused", () => {
  const others = { "service-splitter/admin": { Splits: [{ Weight: 100 }] } };
  expect(routed({ Destination: { Service: "admin" } }, others).refusals).toEqual([
    "service-router web, Routes[0].Destination.Service: " +
      "a route leads to one version, and admin has a splitter; name a subset",
  ]);
});

test("a route's timeouts and retries are ours", () => {
  const Destination = {
    RequestTimeout: "1m0s",
    IdleTimeout: "20s",
    NumRetries: 3,
    RetryOnConnectFailure: true,
    RetryOnStatusCodes: [503],
    RetryOn: ["reset", "connect-failure"],
  };
  expect(routed({ Destination }).routes).toEqual([
    {
      match: {},
      timeout: "1m",
      responseTimeout: "20s",
      stallTimeout: "20s",
      tunnelIdleTimeout: "20s",
      retries: { attempts: 3, on: ["connect", "503", "reset-before-response"] },
    },
  ]);
});

test("retries without a condition are noted, and without a number they are one", () => {
  const counted = routed({ Destination: { NumRetries: 2 } });
  expect(counted.routes).toEqual([{ match: {}, retries: { attempts: 2 } }]);
  expect(counted.notes).toHaveLength(1);
  const { routes } = routed({ Destination: { RetryOnConnectFailure: true } });
  expect(routes).toEqual([{ match: {}, retries: { attempts: 1, on: ["connect"] } }]);
});

test("retries on what we do not retry are refused by name", () => {
  const Destination = { RetryOnStatusCodes: [500, 503], RetryOn: ["5xx"] };
  expect(routed({ Destination }).refusals).toEqual([
    "service-router web, Routes[0].Destination, retries on 500, 5xx: " +
      "Sluice retries on connect, reset-before-response and 503 (docs/retries.md)",
  ]);
});

test.each([
  ["Match.HTTP.PathRegex", { Match: { HTTP: { PathRegex: "/a.*" } } }],
  ["Match.HTTP.CaseInsensitive", { Match: { HTTP: { CaseInsensitive: true } } }],
  [
    "Match.HTTP.Header[0].Present",
    { Match: { HTTP: { Header: [{ Name: "x-a", Present: true }] } } },
  ],
  [
    "Match.HTTP.Header[0].Invert",
    { Match: { HTTP: { Header: [{ Name: "x-a", Exact: "1", Invert: true }] } } },
  ],
  [
    "Match.HTTP.QueryParam[0].Regex",
    { Match: { HTTP: { QueryParam: [{ Name: "a", Regex: "." }] } } },
  ],
  [
    "Match.HTTP.Header",
    {
      Match: {
        HTTP: {
          Header: [
            { Name: "x-a", Exact: "1" },
            { Name: "x-a", Exact: "2" },
          ],
        },
      },
    },
  ],
  ["Destination.PrefixRewrite", { Destination: { PrefixRewrite: "/" } }],
  ["Destination.RequestHeaders", { Destination: { RequestHeaders: { Remove: ["x-a"] } } }],
  ["Destination.RequestTimeout", { Destination: { RequestTimeout: "-1s" } }],
])("a route with %s is refused", (path, route) => {
  expect(routed(route).refusals).toEqual([
    expect.stringContaining(`service-router web, Routes[0].${path}: `),
  ]);
});
