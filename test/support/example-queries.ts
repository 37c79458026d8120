import { parse } from "yaml";
import { readSource } from "./source-files.ts";

/** A query of an example, and where it stands. */
export type ExampleQuery = { readonly place: string; readonly expr: string };

/** An alert of examples/prometheus/alerts.yml. */
export type ExampleAlert = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

/** One selector of a query: a metric of ours, and the labels that it asks for with their values. */
export type Selector = {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
};

type Panel = { readonly title: string; readonly targets?: readonly { readonly expr: string }[] };

/** All alerts, in order. */
export function exampleAlerts(): readonly ExampleAlert[] {
  const { groups } = parse(readSource("examples/prometheus/alerts.yml")) as {
    readonly groups: readonly { readonly rules: readonly ExampleAlert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** The queries of all panels of the dashboard, of its variables and of its annotations. */
export function dashboardQueries(): readonly ExampleQuery[] {
  const { panels, templating, annotations } = JSON.parse(
    readSource("examples/grafana/sluice.json"),
  ) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly definition?: string }[] };
    readonly annotations: { readonly list: readonly { readonly name: string; expr: string }[] };
  };
  return [
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ place: title, expr })),
    ),
    ...annotations.list.map(({ name, expr }) => ({ place: name, expr })),
    ...templating.list.flatMap(({ definition }) => {
      const [, selector] = /^label_values\((.*), \w+\)$/.exec(definition ?? "") ?? [];
      return selector === undefined ? [] : [{ place: "variables", expr: selector }];
    }),
  ];
}

/** A query of the dashboard as Grafana sends it when everything is chosen. */
export function asSent(expr: string): string {
  return expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(?:fleet|service)\b/g, ".*");
}

/** The metrics of ours that a query reads. */
export function selectorsIn(expr: string): readonly Selector[] {
  return [...expr.matchAll(/\b(sluice_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = "", inside = ""]) => ({
      metric,
      matchers: [...inside.matchAll(/(\w+)[=!]~?"([^"]*)"/g)].map(([, label = "", value = ""]) => ({
        label,
        values: value.split("|").filter((each) => each !== "" && !each.startsWith("$")),
      })),
    }),
  );
}

/** The labels that a query groups or joins by. */
export function groupingsIn(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:by|on|ignoring) \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(/,\s*/),
  );
}
