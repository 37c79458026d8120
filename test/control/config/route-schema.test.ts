import { expect, test } from "vitest";
import { DEFAULT_POLICY } from "../../../control/config/policy-schema.ts";
import { routeSchema, toRoute } from "../../../control/config/route-schema.ts";
import type { RouteSnapshot } from "../../../proxy/table/snapshot.ts";

function routeOf(match: object, rest: object = {}): RouteSnapshot {
  return toRoute(routeSchema.parse({ match, ...rest }), DEFAULT_POLICY);
}

test.each([
  ["/shop", { kind: "prefix", path: "/shop" }],
  [{ prefix: "/" }, { kind: "prefix", path: "/" }],
  [{ exact: "/a%20b/c%2Fd" }, { kind: "exact", path: "/a%20b/c%2Fd" }],
  [undefined, undefined],
])("toRoute() reads the path %j", (path, read) => {
  expect(routeOf({ path }).match.path).toEqual(read);
});

test.each([
  ["shop", "has no / at its beginning"],
  ["/a b", "holds a blank"],
  ["/ä", "is not ASCII"],
  ["/a?b", "has a query"],
  ["/a#b", "has a fragment"],
  ["/a//b", "has an empty segment"],
  ["/a/./b", "has a dot segment"],
  ["/a/..", "has a dot segment at its end"],
  ["/%41", "encodes what need not be"],
  ["/%7e", "encodes what need not be, in lower case"],
  ["/%4", "has half an escape"],
  ["/100%", "has a % that escapes nothing"],
  [`/${"a".repeat(4_096)}`, "is too long"],
])("routeSchema refuses the path %j, which %s and so would never match", (path) => {
  expect(routeSchema.safeParse({ match: { path } }).success).toBe(false);
  expect(routeSchema.safeParse({ match: { path: { exact: path } } }).success).toBe(false);
});

test("routeSchema takes segments that only look like dot segments", () => {
  expect(routeOf({ path: "/..a/.b/c." }).match.path).toEqual({
    kind: "prefix",
    path: "/..a/.b/c.",
  });
});

test.each(["get", "", "G T", "A".repeat(33)])("routeSchema refuses the method %j", (method) => {
  expect(routeSchema.safeParse({ match: { methods: [method] } }).success).toBe(false);
});

test("toRoute() compares field names in lower case and their values as they are", () => {
  const { match } = routeOf({
    headers: { "X-Beta": "Yes" },
    cookies: { Sid: "A" },
    query: { Q: "" },
  });
  expect(match).toMatchObject({
    headers: { "x-beta": "Yes" },
    cookies: { Sid: "A" },
    query: { Q: "" },
  });
});

test("routeSchema refuses a field that is named twice in different case", () => {
  const headers = { "X-Beta": "1", "x-beta": "2" };
  const { error } = routeSchema.safeParse({ match: { headers } });
  expect(error?.issues.map(({ path }) => path)).toEqual([["match", "headers"]]);
});

test("toRoute() fills the policy of a route from that of its service", () => {
  const route = routeOf({}, { to: "v2", timeout: "1s" });
  expect(route).toMatchObject({ to: "v2", policy: { ...DEFAULT_POLICY, timeoutMs: 1_000 } });
});

test("routeSchema leaves the head's timeout to the service: a head has no route yet", () => {
  expect(routeSchema.safeParse({ match: {}, headTimeout: "1s" }).success).toBe(false);
});
