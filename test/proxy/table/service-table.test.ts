import { array, assert, constantFrom, option, property, record, tuple } from "fast-check";
import { expect, test } from "vitest";
import type { PathMatch, RouteMatch } from "../../../proxy/table/snapshot.ts";
import type { RequestView } from "../../../proxy/table/request-view.ts";
import { cookieAffinity, request, route, serviceTable } from "./service-fixture.ts";

const prefix = (path: string): PathMatch => ({ kind: "prefix", path });
const exact = (path: string): PathMatch => ({ kind: "exact", path });

/** The place of the route that a request gets among routes with these matches. */
function placeOf(matches: readonly Partial<RouteMatch>[], view: RequestView): number | undefined {
  const routes = matches.map((match) => route(match));
  const found = serviceTable({ v1: 1 }, { routes }).route(view);
  return found && routes.indexOf(found.snapshot);
}

test.each([
  ["/a", "/a", true],
  ["/a", "/a/b", true],
  ["/a", "/ab", false],
  ["/a", "/A", false],
  ["/a", "/", false],
  ["/a/", "/a", true],
  ["/a/b", "/a", false],
  ["/", "/", true],
  ["/", "/x/y", true],
  ["/%61//b", "/a/b/c", true],
  ["/café x", "/caf%C3%A9%20x", true],
])("ServiceTable.route(): prefix %j takes %j: %j", (path, target, takes) => {
  expect(placeOf([{ path: prefix(path) }], request(target))).toBe(takes ? 0 : undefined);
});

test.each([
  ["/a", "/a", true],
  ["/a", "/a/", false],
  ["/a/", "/a/", true],
  ["/a/", "/a", false],
  ["/a", "/a/b", false],
  ["/", "/", true],
  ["/", "/a", false],
])("ServiceTable.route(): exact %j takes %j: %j", (path, target, takes) => {
  expect(placeOf([{ path: exact(path) }], request(target))).toBe(takes ? 0 : undefined);
});

test("ServiceTable.route() takes the first in configured order, not the most specific", () => {
  const matches = [
    { path: prefix("/a"), methods: ["POST"] },
    { path: prefix("/") },
    { path: exact("/a/b") },
  ];
  expect(placeOf(matches, request("/a/b"))).toBe(1);
  expect(placeOf(matches, request("/a/b", {}, "POST"))).toBe(0);
});

test.each([
  [{ methods: ["GET", "POST"] }, request("/"), true],
  [{ methods: ["GET"] }, request("/", {}, "HEAD"), false],
  [{ methods: ["GET"] }, request("/", {}, "get"), false],
  [{ headers: { "x-beta": "1" } }, request("/", { "x-beta": "1" }), true],
  [{ headers: { "x-beta": "1" } }, request("/", { "x-beta": "1, 1" }), false],
  [{ headers: { "x-beta": "1", "x-b": "2" } }, request("/", { "x-beta": "1" }), false],
  [{ query: { "a b": "c+d" } }, request("/?x=1&a+b=c%2Bd"), true],
  [{ query: { a: "1" } }, request("/?a=2&a=1"), false],
  [{ cookies: { sid: "1" } }, request("/", { cookie: "a=2; sid=1" }), true],
  [{ cookies: { sid: "1", a: "3" } }, request("/", { cookie: "a=2; sid=1" }), false],
  [{ cookies: { sid: "1" } }, request("/"), false],
])("ServiceTable.route(): conditions %j", (match, view, takes) => {
  expect(placeOf([match], view)).toBe(takes ? 0 : undefined);
});

test("ServiceTable.route() gives the policy and the version of the route", () => {
  const routes = [
    route({ path: prefix("/a") }, "v2"),
    route({ path: prefix("/b") }, "gone"),
    route({}),
  ];
  const service = serviceTable({ v1: 1, v2: 1 }, { routes });
  expect(service.route(request("/a"))?.to).toBe(service.versions[1]);
  expect(service.route(request("/a"))?.policy).toBe(routes[0]?.policy);
  expect(service.route(request("/b"))?.to).toBeUndefined();
  expect(service.hasRoutes).toBe(true);
  expect(serviceTable({ v1: 1 }).hasRoutes).toBe(false);
});

test("ServiceTable.route() does not ask for a path that no route looks at", () => {
  const view: RequestView = {
    ...request("/"),
    get path(): string {
      throw new Error("Cannot read path: no route has one");
    },
  };
  expect(placeOf([{ methods: ["GET"] }], view)).toBe(0);
  expect(placeOf([], view)).toBeUndefined();
});

test("ServiceTable.route() finds what a scan of the whole list finds", () => {
  const path = array(constantFrom("a", "b", "ab"), { maxLength: 3 }).map(
    (segments) => `/${segments.join("/")}`,
  );
  const target = tuple(path, constantFrom("", "/", "/c")).map((parts) => parts.join(""));
  const condition = option(record({ kind: constantFrom("prefix", "exact"), path }), {
    nil: undefined,
  });
  const match = record({ path: condition, methods: constantFrom([], ["GET"], ["POST"]) });
  assert(
    property(array(match, { maxLength: 12 }), target, (matches, text) => {
      const view = request(text.replaceAll("//", "/"));
      const scanned = matches.findIndex(
        ({ path: wanted, methods }) =>
          (methods.length === 0 || methods.some((method) => method === "GET")) &&
          takesPath(wanted, view.path),
      );
      expect(placeOf(matches, view) ?? -1).toBe(scanned);
    }),
    { seed: 4, numRuns: 2_000 },
  );
});

function takesPath(wanted: PathMatch | undefined, path: string): boolean {
  if (!wanted || wanted.path === path) return true;
  return wanted.kind === "prefix" && path.startsWith(wanted.path === "/" ? "/" : `${wanted.path}/`);
}

test.each([
  [undefined, undefined],
  [cookieAffinity(), "c1"],
  [{ kind: "header", name: "x-user" }, "h1"],
  [{ kind: "query", name: "user" }, "q 1"],
  [{ kind: "clientIp" }, "10.0.0.1"],
] as const)("ServiceTable.affinityKey() for %j is %j", (affinity, key) => {
  const service = serviceTable({ v1: 1 }, { affinity });
  const full = request("/?user=q+1", { cookie: "a=b; sid=c1", "x-user": "h1" });
  const hollow = request("/?user=", { cookie: "sid=", "x-user": "" });
  expect(service.affinityKey(full, "10.0.0.1")).toBe(key);
  expect(service.affinityKey(hollow, "")).toBeUndefined();
  expect(service.affinityKey(request("/"), "")).toBeUndefined();
});

test("ServiceTable takes the first version for stable when the name is unknown", () => {
  const service = serviceTable({ v1: 1, v2: 1 }, { stable: "v9" });
  expect(service.stable).toBe(service.versions[0]);
});

test("ServiceTable compiles a service without versions", () => {
  const service = serviceTable({}, { routes: [route({}, "v1")] });
  expect(service.versions).toEqual([]);
  expect(service.stable.snapshot).toMatchObject({ weight: 0, state: "maint", endpoints: [] });
  expect(service.route(request("/"))?.to).toBeUndefined();
});
