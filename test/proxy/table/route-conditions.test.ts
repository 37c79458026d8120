import { expect, test } from "vitest";
import type { RequestView } from "../../../proxy/table/request-view.ts";
import { request, route, serviceTable } from "./service-fixture.ts";

/** As many routes as a service may have. */
const ROUTES = 4096;

/** The request, and how often each part of it was asked for. */
function counted(view: RequestView): { view: RequestView; asked: Record<string, number> } {
  const asked: Record<string, number> = {};
  const count = (what: string): void => {
    asked[what] = (asked[what] ?? 0) + 1;
  };
  return {
    asked,
    view: {
      ...view,
      get queryString(): string {
        count("query");
        return view.queryString;
      },
      header(name) {
        count(name);
        return view.header(name);
      },
      fields: {
        count: view.fields.count,
        nameHash(index) {
          count("field name");
          return view.fields.nameHash(index);
        },
      },
    },
  };
}

const manyCookies = request("/", { cookie: "r4096=1; other=1", "x-a": "1" });
const manyFields = request("/?r1=1&r4096=1", { r4096: "1", "x-a": "1", "x-b": "2" });

test.each([
  ["cookies", manyCookies, { cookie: 1 }],
  ["query", manyFields, { query: 1 }],
  ["headers", manyFields, { "field name": 3, r4096: 1 }],
])("4 096 routes by %s read a request once", (kind, whole, once) => {
  const routes = Array.from({ length: ROUTES }, (_, at) =>
    route({ [kind]: { [`r${at + 1}`]: at + 1 < ROUTES ? "2" : "1" } }),
  );
  const { view, asked } = counted(whole);
  const service = serviceTable({ v1: 1 }, { routes });
  expect(service.route(view)?.snapshot).toBe(routes.at(-1));
  expect(asked).toEqual(once);
  expect(service.route(view)?.snapshot).toBe(routes.at(-1));
});

test("A request is read as far as its first route asks", () => {
  const byCookie = route({ methods: ["POST"], cookies: { a: "1" } });
  const routes = [byCookie, route({ headers: { "x-a": "1" } }), route({ query: { q: "1" } })];
  const { view, asked } = counted(request("/?q=1", { "x-a": "1", cookie: "a=1" }));
  expect(serviceTable({ v1: 1 }, { routes }).route(view)?.snapshot).toBe(routes[1]);
  expect(asked).toEqual({ "field name": 2, "x-a": 1 });
});

test("What one request fulfils is nothing to the next", () => {
  const routes = [
    route({ cookies: { a: "1" }, headers: { "x-a": "1" }, query: { q: "1" } }),
    route({ cookies: { a: "1" } }),
  ];
  const service = serviceTable({ v1: 1 }, { routes });
  const places = [
    request("/?q=1", { cookie: "a=1", "x-a": "1" }),
    request("/?q=1", { cookie: "a=2", "x-a": "1" }),
    request("/", { cookie: "a=1" }),
    request("/?q=1", { "x-a": "1" }),
  ].map((view) => routes.findIndex((each) => each === service.route(view)?.snapshot));
  expect(places).toEqual([0, -1, 1, -1]);
});
