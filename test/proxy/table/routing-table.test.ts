import { expect, test } from "vitest";
import { RoutingTable } from "../../../proxy/table/routing-table.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { serviceSnapshot } from "./service-fixture.ts";

function named(name: string, weight = 1, hosts: string[] = [name]): ServiceSnapshot {
  return serviceSnapshot({ v1: 1, v2: weight }, { name, hosts });
}

const table = RoutingTable.compile({ revision: 7, services: [named("a"), named("b"), named("c")] });

test("RoutingTable.empty has no service and revision 0", () => {
  expect(RoutingTable.empty.revision).toBe(0);
  expect(RoutingTable.empty.serviceByHost("a")).toBeUndefined();
});

test("RoutingTable.with() compiles what changed and keeps the rest", () => {
  const next = table.with({ revision: 8, replace: [named("b", 5), named("d")], remove: ["c"] });
  expect(next.revision).toBe(8);
  expect([...next.services.keys()]).toEqual(["a", "b", "d"]);
  expect(next.services.get("a")).toBe(table.services.get("a"));
  expect(next.serviceByHost("b")?.versions[1]?.weight).toBe(5);
  expect(next.serviceByHost("c")).toBeUndefined();
  expect(next.serviceByHost("d")).toBe(next.services.get("d"));
  expect(table.serviceByHost("b")?.versions[1]?.weight).toBe(1);
  expect(table.serviceByHost("c")).toBe(table.services.get("c"));
});

test("RoutingTable.with() keeps the object of a service that is replaced by its equal", () => {
  const next = table.with({ revision: 8, replace: [named("b")], remove: ["nobody"] });
  expect(next.revision).toBe(8);
  expect(next.services).toBe(table.services);
});

test("RoutingTable.with() takes a service that is removed and replaced as replaced", () => {
  const next = table.with({
    revision: 8,
    replace: [named("a"), named("b", 3)],
    remove: ["a", "b"],
  });
  expect(next.services.get("a")).toBe(table.services.get("a"));
  expect(next.serviceByHost("b")?.versions[1]?.weight).toBe(3);
});

test("RoutingTable.with() moves a host from one service to another", () => {
  const moved = table.with({ revision: 8, replace: [named("a", 1, ["x", "b"])], remove: [] });
  expect(moved.serviceByHost("b")?.name).toBe("a");
  expect(moved.serviceByHost("a")).toBeUndefined();
  const back = moved.with({ revision: 9, replace: [], remove: ["a"] });
  expect(back.serviceByHost("b")).toBe(table.services.get("b"));
});

test("RoutingTable.with() gives the same answers as compile() of the result", () => {
  const services = [named("a", 4, ["*.z"]), named("b"), named("c", 2, ["c", "y.z"])];
  const whole = RoutingTable.compile({ revision: 9, services });
  const changed = table.with({ revision: 9, replace: services, remove: [] });
  for (const host of ["a", "b", "c", "y.z", "x.z", "z"]) {
    expect(changed.serviceByHost(host)?.snapshot).toEqual(whole.serviceByHost(host)?.snapshot);
  }
});
