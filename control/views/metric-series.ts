import type { Metric, Registry } from "prom-client";

/** A version, as labels. */
export type VersionPlace = { readonly service: string; readonly version: string };

type Labels = Readonly<Record<string, string>>;

/** Values by labels, which are of the same names. */
export type MetricSeries = readonly (readonly [Labels, number])[];

/** One line. `sharedLabels`: prom-client writes those of a histogram once, not once a bucket. */
export type MetricLine = {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly sharedLabels?: Labels;
  readonly value: number;
};

/** What a metric is, beside its values. */
export type MetricKind = {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
};

/** Adds a counter with these values. None of them: none is shown, neither one of 0. */
export function addCounter(
  registry: Registry,
  name: string,
  help: string,
  series: MetricSeries,
): void {
  addMetric(registry, { name, help, type: "counter" }, series.map(lineOf));
}

/** Adds a gauge with these values. None of them: none is shown, neither one of 0. */
export function addGauge(
  registry: Registry,
  name: string,
  help: string,
  series: MetricSeries,
): void {
  addMetric(registry, { name, help, type: "gauge" }, series.map(lineOf));
}

/**
 * Adds a metric that is counted already. prom-client's own metrics count one observation after the
 * other, and keep a table by labels for that; its registry takes whatever can say what it holds.
 */
export function addMetric(
  registry: Registry,
  kind: MetricKind,
  values: readonly MetricLine[],
): void {
  const metric = { ...kind, aggregator: "sum", values };
  const { name } = kind;
  registry.registerMetric({ name, get: async () => metric } as unknown as Metric);
}

function lineOf([labels, value]: MetricSeries[number]): MetricLine {
  return { labels, value };
}
