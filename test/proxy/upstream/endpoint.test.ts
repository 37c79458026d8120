import { expect, test } from "vitest";
import type { EndpointSnapshot } from "../../../proxy/table/snapshot.ts";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { endpointSnapshot } from "./pool-fixture.ts";

test.each([
  ["10.0.0.5:3000", { host: "10.0.0.5", port: 3000 }],
  ["[::1]:3000", { host: "::1", port: 3000 }],
  ["web.internal:80", { host: "web.internal", port: 80 }],
  ["unix:/run/web.sock", { path: "/run/web.sock" }],
])("Endpoint at %s connects to the right place", (address, target) => {
  expect(new Endpoint(endpointSnapshot(address), 0).target).toEqual(target);
});

const usable = {};
const unusable: readonly Partial<EndpointSnapshot>[] = [
  { healthy: false },
  { state: "maint" },
  { state: "drain" },
];

/** Since when it takes traffic, after a new table. */
function follow(endpoint: Endpoint, to: Partial<EndpointSnapshot>, nowMs: number): number {
  return endpoint.follow(endpointSnapshot("a:1", to), nowMs).sinceMs;
}

test.each(unusable)("Endpoint.follow() starts slowly after %o, and at no other change", (deps) => {
  const endpoint = new Endpoint(endpointSnapshot("a:1"), -Infinity);
  expect(follow(endpoint, { weight: 5 }, 100)).toBe(-Infinity);
  expect(follow(endpoint, deps, 200)).toBe(-Infinity);
  expect(follow(endpoint, usable, 300)).toBe(300);
  expect(follow(endpoint, usable, 400)).toBe(300);
});

test("Endpoint.warmth() grows from a tenth to one", () => {
  const endpoint = new Endpoint(endpointSnapshot("a:1"), 1_000);
  const times = [1_000, 1_500, 2_000, 6_000, 10_999, 11_000, 99_000];
  expect(times.map((nowMs) => endpoint.warmth(nowMs, 10_000))).toEqual([
    0.1, 0.1, 0.1, 0.5, 0.9999, 1, 1,
  ]);
  expect(endpoint.warmth(1_000, 0)).toBe(1);
});
