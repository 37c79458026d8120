import { expect, test } from "vitest";
import { HostIndex } from "../../../proxy/table/host-index.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { serviceSnapshot } from "./service-fixture.ts";

function named(name: string, ...hosts: string[]): ServiceSnapshot {
  return serviceSnapshot({ v1: 1 }, { name, hosts });
}

const index = new HostIndex([
  named("web", "web.internal", "*.web.internal"),
  named("shop", "*.shop.web.internal", "a.shop.web.internal", "Shop.Example."),
  named("v6", "[::1]"),
]);

test.each([
  ["web.internal", "web"],
  ["WEB.Internal", "web"],
  ["web.internal.", "web"],
  ["a.web.internal", "web"],
  ["a.b.c.web.internal", "web"],
  ["A.B.Web.Internal.", "web"],
  ["xweb.internal", undefined],
  [".web.internal", undefined],
  ["internal", undefined],
  ["shop.web.internal", "web"],
  ["b.shop.web.internal", "shop"],
  ["a.shop.web.internal", "shop"],
  ["shop.example", "shop"],
  ["shop.example..", undefined],
  ["[::1]", "v6"],
  ["", undefined],
  [".", undefined],
])("HostIndex.find(%j) is %j", (host, service) => {
  expect(index.find(host)).toBe(service);
});

test("HostIndex gives a host that two services claim to the first by name, in any order", () => {
  const both = [named("b", "x", "*.y"), named("a", "x", "*.y")];
  for (const services of [both, both.toReversed()]) {
    const claimed = new HostIndex(services);
    expect([claimed.find("x"), claimed.find("z.y")]).toEqual(["a", "a"]);
  }
});

test("HostIndex.find() looks at a long host no further than at its longest wildcard", () => {
  expect(index.find(`${"a.".repeat(16_000)}web.internal`)).toBe("web");
  expect(index.find("a.".repeat(16_000))).toBeUndefined();
});
