import { expect, test } from "vitest";
import { RunningFilters } from "../../../control/filters/running-filters.ts";
import { Briefing } from "../../../control/workers/briefing.ts";
import { filterSnapshot, filterSpec } from "../../proxy/filters/filter-fixture.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";

const one = filterSpec("f", "one");
const two = filterSpec("f", "two");

test("what the table wants and what is in force are two things", () => {
  const running = new RunningFilters(new Briefing());
  const web = serviceSnapshot({ v1: 1 }, { name: "web", filters: [filterSnapshot("f")] });
  const shop = serviceSnapshot({ v1: 1 }, { name: "shop", filters: [] });
  running.follow({ revision: 1, replace: [web, shop], remove: [] });
  expect(running.services).toEqual(["web"]);
  expect(running.wanted("web")).toEqual([filterSnapshot("f")]);
  expect(running.specs("web")).toEqual([]);
  expect(running.isRunning("web", [filterSnapshot("f")])).toBe(false);
  running.replace(new Map([["web", [one]]]));
  expect(running.specs("web")).toEqual([one]);
  expect(running.isRunning("web", [filterSnapshot("f")])).toBe(true);
  expect(running.isRunning("web", [filterSnapshot("f", { timeoutMs: 9 })])).toBe(false);
});

test("replace() gives what it replaces, so that it can be put back", () => {
  const running = new RunningFilters(new Briefing());
  expect(running.replace(new Map([["web", [one]]]))).toEqual(new Map([["web", []]]));
  const before = running.replace(new Map([["web", [two]]]));
  expect(before).toEqual(new Map([["web", [one]]]));
  running.replace(before);
  expect(running.specs("web")).toEqual([one]);
});

test("what is in force stands in the briefing, until its service is gone", () => {
  const briefing = new Briefing();
  const running = new RunningFilters(briefing);
  running.replace(new Map([["web", [one]]]));
  expect([...briefing.filters]).toEqual([["web", [one]]]);
  running.follow({ revision: 2, replace: [], remove: ["web"] });
  expect(briefing.filters.size).toBe(0);
  expect(running.services).toEqual([]);
});
