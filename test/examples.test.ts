/**
 * Goal: whoever takes a file from examples/ gets one that works with this Sluice. Method: names in
 * it are compared with those that are documented, which other tests compare with the code. What
 * needs programs of others is in test/foreign/examples.foreign.ts.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { runCli } from "../control/cli/program.ts";
import { readConfig } from "../control/config/load.ts";
import { anchorsOf, codesIn, pages, rowsOf } from "./support/documents.ts";
import {
  dashboardQueries,
  exampleAlerts,
  groupingsIn,
  selectorsIn,
} from "./support/example-queries.ts";
import { readSource, sourceFiles } from "./support/source-files.ts";

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

describe("Configurations", () => {
  const files = sourceFiles(["examples"], ["sluice.yaml"]).map(({ path, text }) => [path, text]);
  // Jobs of Nomad hold theirs.
  const inJobs = sourceFiles(["examples/nomad"], [".hcl"]).flatMap(({ path, text }) =>
    [...text.matchAll(/<<YAML\n([^]*?)^YAML$/gm)].map(([, inside = ""]) => [path, inside]),
  );

  test.each([...files, ...inJobs])("of %s can be read", (_path, text = "") => {
    expect(() => readConfig(text, { file: "example", environment: {} })).not.toThrow();
  });

  test("of jobs are there", () => {
    expect(inJobs).toHaveLength(2);
  });
});

/** What `sluice COMMAND --help` says. */
async function helpOf(command: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const output = { out: (line: string) => lines.push(line), error: () => undefined };
  await runCli([...command, "--help"], { output, env: {}, version: "" });
  return lines.join("\n");
}

test("Commands in scripts and pipelines are those of the program, with its options", async () => {
  const scripts = sourceFiles(["examples/canary", "examples/ci"], [".sh", ".yml"]);
  const commands = scripts.flatMap(({ text }) =>
    [...text.replaceAll("\\\n", " ").matchAll(/\bsluice ((?:rollout )?[a-z]+) ([^\n]*)/g)].map(
      ([, name = "", rest = ""]) => ({ name, options: rest.match(/--[a-z-]+/g) ?? [] }),
    ),
  );
  expect(commands.map(({ name }) => name)).toContain("rollout watch");
  for (const { name, options } of commands) {
    const help = await helpOf(name.split(" "));
    expect(help).toContain(`Usage: sluice ${name}`);
    for (const option of options) expect(help).toContain(option);
  }
});

describe("Compose", () => {
  type Service = {
    readonly image?: string;
    readonly volumes?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  };
  const { services } = parse(readSource("examples/compose/compose.yml"), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
  };

  test("mounts files that are there", () => {
    const sources = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => join("examples/compose", volume.split(":")[0] ?? "")),
    );
    expect(sources).toContain("examples/prometheus/alerts.yml");
    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
  });

  test("runs the Node that the image is built on, and no moving tag", () => {
    const [, node] = /^FROM (node:[\w.-]+)@/m.exec(readSource("Dockerfile")) ?? [];
    expect([services["v1"]?.image, services["v2"]?.image]).toEqual([node, node]);
    const images = Object.values(services).flatMap(({ image }) => image ?? []);
    expect(images.filter((image) => !/:v?\d+(\.\d+)+/.test(image))).toEqual([]);
  });

  test("has Prometheus and Grafana look where the others are", () => {
    const [scraped] = (
      parse(readSource("examples/compose/prometheus.yml")) as {
        readonly scrape_configs: readonly {
          readonly static_configs: readonly { readonly targets: readonly string[] }[];
        }[];
      }
    ).scrape_configs.flatMap(({ static_configs: all }) => all.flatMap(({ targets }) => targets));
    const { metrics } = readConfig(readSource("examples/compose/sluice.yaml"), {
      file: "example",
      environment: {},
    });
    expect(scraped).toBe(`sluice:${metrics?.bind?.split(":")[1]}`);
    expect(services["grafana"]?.environment?.["PROMETHEUS_URL"]).toBe("http://prometheus:9090");
    const sources = readSource("examples/grafana/provisioning/datasources/prometheus.yml");
    expect(sources).toContain("$PROMETHEUS_URL");
  });
});
