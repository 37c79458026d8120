/**
 * Goal: whoever takes a file from examples/ gets one that works with this Sluice. Method: names in
 * it are compared with those that are documented, which other tests compare with the code. What
 * needs programs of others is in test/foreign/examples.foreign.ts.
 */
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { anchorsOf, codesIn, pages, rowsOf } from "./support/documents.ts";
import {
  dashboardQueries,
  exampleAlerts,
  groupingsIn,
  selectorsIn,
} from "./support/example-queries.ts";
import { readSource } from "./support/source-files.ts";

const PAGES = new Map(pages().map((page) => [page.path, page]));

/** Labels that Prometheus or its configuration adds. */
const SCRAPED = ["fleet", "instance", "job", "le"];

const QUERIES = [
  ...exampleAlerts().map(({ alert, expr }) => ({ place: alert, expr })),
  ...dashboardQueries(),
];

/** What each metric may be asked for, by its row in docs/metrics.md. */
function documentedLabels(): ReadonlyMap<string, readonly string[]> {
  const page = PAGES.get("docs/metrics.md");
  const rows = page === undefined ? [] : rowsOf(page);
  return new Map(
    rows.map(({ cells: [metric = "", labels = ""] }) => [
      codesIn(metric)[0] ?? "",
      [...codesIn(labels), ...SCRAPED],
    ]),
  );
}

/** Every word in backticks on the pages that say what labels hold. */
function documentedValues(): ReadonlySet<string> {
  return new Set(
    ["docs/metrics.md", "docs/http.md", "docs/rollouts.md"].flatMap((path) =>
      codesIn(PAGES.get(path)?.text ?? ""),
    ),
  );
}

describe("Alerts and dashboard", () => {
  const labels = documentedLabels();
  const metricOf = (name: string): string => name.replace(/_(?:bucket|sum|count)$/, "");

  test("read metrics that there are, by labels that they have", () => {
    const wrong = QUERIES.flatMap(({ place, expr }) =>
      selectorsIn(expr).flatMap(({ metric, matchers }) => {
        const known = labels.get(metricOf(metric));
        if (known === undefined) return [`${place}: ${metric}`];
        const strange = matchers.filter(({ label }) => !known.includes(label));
        return strange.map(({ label }) => `${place}: ${metric} has no label ${label}`);
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("group by labels that the metrics have", () => {
    const wrong = QUERIES.flatMap(({ place, expr }) => {
      const known = selectorsIn(expr).flatMap(({ metric }) => labels.get(metricOf(metric)) ?? []);
      const strange = groupingsIn(expr).filter((label) => label !== "" && !known.includes(label));
      return strange.map((label) => `${place}: ${label}`);
    });
    expect(wrong).toEqual([]);
  });

  test("ask for values that the documents name", () => {
    const values = documentedValues();
    const wrong = QUERIES.flatMap(({ place, expr }) =>
      selectorsIn(expr)
        .flatMap(({ matchers }) => matchers)
        .filter(({ label }) => !SCRAPED.includes(label))
        .flatMap(({ label, values: asked }) =>
          asked.filter((value) => !values.has(value)).map((value) => `${place}: ${label}=${value}`),
        ),
    );
    expect(wrong).toEqual([]);
  });
});

describe("Alerts", () => {
  test("lead to a heading of the runbook each", () => {
    const wrong = exampleAlerts().filter(({ annotations: { runbook = "" } }) => {
      const [path = "", anchor = ""] = runbook.split("#");
      const page = PAGES.get(path);
      return page === undefined || !anchorsOf(page).has(anchor);
    });
    expect(wrong.map(({ alert }) => alert)).toEqual([]);
  });

  test("have a test each in which they fire, and one in which they do not", () => {
    const { tests } = parse(readSource("examples/prometheus/alerts.test.yml")) as {
      readonly tests: readonly {
        readonly alert_rule_test: readonly { alertname: string; exp_alerts: readonly unknown[] }[];
      }[];
    };
    const cases = tests.flatMap(({ alert_rule_test: each }) => each);
    const told = cases.map(({ alertname, exp_alerts: fired }) => `${alertname} ${fired.length}`);
    const wanted = exampleAlerts().flatMap(({ alert }) => [`${alert} 1`, `${alert} 0`]);
    expect(told).toEqual(wanted);
  });
});
