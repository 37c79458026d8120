import { expect, test } from "vitest";
import { filterViews, filterViewSchema } from "../../../control/views/filter-view.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import type { FilterSpec } from "../../../proxy/table/filter-spec.ts";
import { filterSnapshot } from "../../proxy/filters/filter-fixture.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const HEADERS = filterSnapshot("headers");
const NO_COUNTS = new WorkerTotals([]);
const SERVICES = [serviceSnapshot({ v1: 1 }, { filters: [HEADERS] })];

/** Filters in force, all of them in `web`. */
function inForce(...specs: readonly FilterSpec[]): { specs: () => readonly FilterSpec[] } {
  return { specs: () => specs };
}

function running(filter = HEADERS): FilterSpec {
  return { filter, code: { kind: "code", url: "file:///headers.ts", hash: "f00", text: "" } };
}

test("filterViews() shows a filter that runs as the table has it, and what it did", () => {
  const views = filterViews(SERVICES, inForce(running()), new WorkerTotals([oneWorker()]));
  const { name, module, onError, timeoutMs } = HEADERS;
  const failures = { throw: 7, timeout: 8, load: 9 };
  const seen = { version: "1", hash: "f00", inForce: true, failures, answers: 10 };
  expect(views).toEqual([{ name, service: "web", module, onError, timeoutMs, ...seen }]);
  expect(views.map((view) => filterViewSchema.parse(view))).toEqual(views);
});

test("filterViews() says that the old one runs on when the table has another", () => {
  const old = { ...HEADERS, options: { a: 1 } };
  const [view] = filterViews(SERVICES, inForce(running(old)), NO_COUNTS);
  expect(view).toMatchObject({ hash: "f00", inForce: false });
});

test.each([
  ["has no code that could be read", [{ filter: HEADERS, code: { kind: "missing", reason: "" } }]],
  ["is not there yet", []],
] as const)("filterViews() has no hash for a filter that %s", (_name, specs) => {
  const [view] = filterViews(SERVICES, inForce(...specs), NO_COUNTS);
  expect(view).toMatchObject({ version: "", inForce: false, answers: 0 });
  expect(view).not.toHaveProperty("hash");
});

test("filterViews() names both versions in the moment of a replacement", () => {
  const workers = ["1", "2"].map((version) => ({
    ...oneWorker(),
    filters: oneWorker().filters.map((each) => ({ ...each, version })),
  }));
  const [view] = filterViews(SERVICES, inForce(running()), new WorkerTotals(workers));
  expect(view?.version).toBe("1 2");
});

test("filterViews() keeps the order in which requests pass them, service by service", () => {
  const filters = [filterSnapshot("b"), filterSnapshot("a")];
  const services = ["web", "shop"].map((name) => serviceSnapshot({ v1: 1 }, { name, filters }));
  const views = filterViews(services, inForce(), NO_COUNTS);
  expect(views.map(({ service, name }) => `${service}/${name}`)).toEqual([
    "web/b",
    "web/a",
    "shop/b",
    "shop/a",
  ]);
});
