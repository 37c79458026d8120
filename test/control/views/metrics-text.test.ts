import { expect, test } from "vitest";
import { addCounter } from "../../../control/views/metric-series.ts";
import { MetricsText, servicePortions } from "../../../control/views/metrics-text.ts";
import { endpointSnapshot } from "../../proxy/upstream/pool-fixture.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";

test("MetricsText puts the series of a metric together, whenever they came", async () => {
  const text = new MetricsText();
  const add = (name: string, service: string) =>
    text.add((registry) => addCounter(registry, name, "Help", [[{ service }, 1]]));
  await add("a_total", "one");
  await add("b_total", "one");
  await add("a_total", "two");
  expect([...text.pieces()]).toEqual([
    [
      "# HELP a_total Help",
      "# TYPE a_total counter",
      'a_total{service="one"} 1',
      'a_total{service="two"} 1',
      "",
      "# HELP b_total Help",
      "# TYPE b_total counter",
      'b_total{service="one"} 1',
      "",
    ].join("\n"),
  ]);
});

test("MetricsText says what a metric without series is", async () => {
  const text = new MetricsText();
  await text.add((registry) => addCounter(registry, "a_total", "Help", []));
  expect([...text.pieces()].join("")).toBe("# HELP a_total Help\n# TYPE a_total counter\n");
});

test("MetricsText.pieces() are short, and together the whole", async () => {
  const text = new MetricsText();
  const names = Array.from({ length: 1_000 }, (_, at) => `${at}${"x".repeat(1_000)}`);
  for (const service of names) {
    await text.add((registry) => addCounter(registry, "a_total", "Help", [[{ service }, 1]]));
  }
  const pieces = [...text.pieces()];
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(300_000);
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.join("").split("\n")).toHaveLength(2 + names.length + 1);
});

test("servicePortions() are all services in their order, few at a time", () => {
  const one = { v1: { weight: 1 } };
  const small = Array.from({ length: 30 }, (_, at) => serviceSnapshot(one, { name: `s${at}` }));
  const endpoints = Array.from({ length: 500 }, (_, at) => endpointSnapshot(`10.0.0.1:${at + 1}`));
  const large = serviceSnapshot({ v1: { weight: 1, endpoints } }, { name: "large" });
  const parts = servicePortions([...small, large, ...small]);
  expect(parts.flat()).toEqual([...small, large, ...small]);
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(15);
  expect(parts).toContainEqual([large]);
  expect(servicePortions([])).toEqual([[]]);
});
