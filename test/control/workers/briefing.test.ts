import { describe, expect, test } from "vitest";
import { Briefing, preparationOf } from "../../../control/workers/briefing.ts";
import type { FilterSpec } from "../../../proxy/table/filter-spec.ts";
import { filterSnapshot } from "../../proxy/filters/filter-fixture.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";

const web = serviceSnapshot({ v1: 1 }, { name: "web" });
const shop = serviceSnapshot({ v1: 1 }, { name: "shop" });
const spec: FilterSpec = {
  filter: filterSnapshot("f"),
  code: { kind: "missing", reason: "no file" },
};

describe("Briefing", () => {
  test("is empty at first", () => {
    const briefing = new Briefing();
    expect(briefing.table).toEqual({ revision: 0, replace: [], remove: [] });
    expect([briefing.filters.size, briefing.listeners.size]).toEqual([0, 0]);
  });

  test("holds the whole table, whatever changes it was told in", () => {
    const briefing = new Briefing();
    briefing.follow({ revision: 1, replace: [web, shop], remove: [] });
    const other = serviceSnapshot({ v1: 1, v2: 2 }, { name: "web" });
    briefing.follow({ revision: 2, replace: [other], remove: ["shop", "unknown"] });
    expect(briefing.table).toEqual({ revision: 2, replace: [other], remove: [] });
  });

  test("holds the filters of services that have any", () => {
    const briefing = new Briefing();
    briefing.setFilters("web", [spec]);
    briefing.setFilters("shop", []);
    expect([...briefing.filters]).toEqual([["web", [spec]]]);
    briefing.setFilters("web", []);
    expect(briefing.filters.size).toBe(0);
  });

  test("gives no number twice", () => {
    const briefing = new Briefing();
    expect([briefing.nextNumber(), briefing.nextNumber()]).toEqual([1, 2]);
  });
});

test("preparationOf() names each service with its filters", () => {
  const chains = new Map([
    ["web", [spec]],
    ["shop", []],
  ]);
  expect(preparationOf(3, chains, true)).toEqual({
    number: 3,
    chains: [
      { service: "web", filters: [spec] },
      { service: "shop", filters: [] },
    ],
    strict: true,
  });
});
