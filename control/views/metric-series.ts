import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

/** A version, as labels. */
export type VersionPlace = { readonly service: string; readonly version: string };

type Labels = Readonly<Record<string, string>>;
type Series = readonly (readonly [Labels, number])[];

/** Adds a counter with these values. None of them: none is shown, neither one of 0. */
export function addCounter(registry: Registry, name: string, help: string, series: Series): void {
  const metric = new Counter({ name, help, labelNames: labelNames(series), registers: [registry] });
  for (const [labels, count] of series) metric.inc(labels, count);
  if (series.length === 0) metric.remove();
}

/** Adds a gauge with these values. None of them: none is shown, neither one of 0. */
export function addGauge(registry: Registry, name: string, help: string, series: Series): void {
  const metric = new Gauge({ name, help, labelNames: labelNames(series), registers: [registry] });
  for (const [labels, value] of series) metric.set(labels, value);
  if (series.length === 0) metric.remove();
}

function labelNames(series: Series): string[] {
  return [...new Set(series.flatMap(([labels]) => Object.keys(labels)))];
}
