import { expect, test } from "vitest";
import { Events } from "../../../control/records/events.ts";
import { NO_TABLE } from "../../../control/table/desired-table.ts";
import { TableInForce } from "../../../control/table/table-in-force.ts";
import type { PreparedChange, TableSink } from "../../../control/table/table-sink.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { FakeDiscovery, shop, web } from "../../support/started-services.ts";

/** A table in force over a sink that notes what it gets. */
function inForce(sink: TableSink, discovery?: FakeDiscovery) {
  const logged: unknown[] = [];
  const note = (...line: unknown[]): void => void logged.push(line);
  const events = new Events(fixedClock);
  const log = { info: note, warn: note, error: note };
  return { current: new TableInForce({ sink, events, log, discovery }), events, logged };
}

test("TableInForce.apply() tells discovery what to watch before the workers hear", async () => {
  const discovery = new FakeDiscovery();
  const heard: unknown[] = [];
  const sink: TableSink = {
    apply: async ({ revision }, prepared) =>
      void heard.push(revision, prepared?.number, Object.keys(discovery.watched)),
  };
  const { current } = inForce(sink, discovery);
  expect(current.table).toBe(NO_TABLE);
  const prepared: PreparedChange = { number: 7 };
  await current.apply(current.read({ revision: 4, services: { web, shop } }), prepared);
  expect(heard).toEqual([4, 7, ["web", "shop"]]);
  expect(current.table.revision).toBe(4);
});

test("TableInForce.apply() keeps the change that the sink could not carry out", async () => {
  const { current } = inForce({ apply: () => Promise.reject(new Error("a worker is silent")) });
  const after = current.read({ revision: 4, services: { web } });
  await expect(current.apply(after)).rejects.toThrow("a worker is silent");
  expect(current.table).toBe(after);
});

test("TableInForce.read() tells of services that cannot be used, and applies nothing", () => {
  const applied: unknown[] = [];
  const { current, events, logged } = inForce({
    apply: async (change) => void applied.push(change),
  });
  const table = current.read({ revision: 4, services: { web: { versions: {} }, shop } });
  expect([...table.services.keys()]).toEqual(["shop"]);
  expect(logged).toMatchObject([["service.refused", { service: "web" }]]);
  expect(events.since(0)).toMatchObject([{ kind: "service-refused", service: "web" }]);
  expect(current.table).toBe(NO_TABLE);
  expect(applied).toEqual([]);
});
