import { expect, test } from "vitest";
import { keyReader } from "../../../proxy/table/affinity.ts";
import type { AffinitySnapshot } from "../../../proxy/table/snapshot.ts";
import { cookieAffinity, request } from "./service-fixture.ts";

const cookie = cookieAffinity();
const header: AffinitySnapshot = { kind: "header", name: "x-user" };
const query: AffinitySnapshot = { kind: "query", name: "ü r" };
const clientIp: AffinitySnapshot = { kind: "clientIp" };

test.each([
  [undefined, request("/?u=1", { cookie: "sid=1" }), undefined],
  [cookie, request("/", { cookie: "a=2; sid=1" }), "1"],
  [cookie, request("/", { cookie: "sid=; a=2" }), undefined],
  [cookie, request("/"), undefined],
  [header, request("/", { "x-user": "ann" }), "ann"],
  [header, request("/", { "x-user": "" }), undefined],
  [header, request("/"), undefined],
  [query, request("/?a=1&%C3%BC+r=b"), "b"],
  [query, request("/?%C3%BC+r="), undefined],
  [query, request("/"), undefined],
  [clientIp, request("/"), "10.0.0.9"],
])("keyReader() of %j", (affinity, view, key) => {
  expect(keyReader(affinity)(view, "10.0.0.9")).toBe(key);
});

test("keyReader() of a client without an address, as on a Unix socket, gives no key", () => {
  expect(keyReader(clientIp)(request("/"), "")).toBeUndefined();
});
