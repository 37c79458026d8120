import type { Registry } from "prom-client";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import { addCounter, addGauge } from "./metric-series.ts";
import type { WorkerTotals } from "./worker-totals.ts";

type Family = {
  readonly name: string;
  readonly help: string;
  /** What counted words begin with, and what the label is called that the rest of them becomes. */
  readonly prefix: string;
  readonly label: string;
};

const FAMILIES: readonly Family[] = [
  {
    name: "sluice_route_answers_total",
    help: "Requests that a route answered itself: a preflight of CORS, a redirect, a fixed answer",
    prefix: "answer",
    label: "kind",
  },
  {
    name: "sluice_rate_limited_total",
    help: "Requests that were answered 429, by whose limit they were over",
    prefix: "limited",
    label: "scope",
  },
  {
    name: "sluice_shed_total",
    help: "Requests that were answered 503 because a version was at its limits, by priority",
    prefix: "shed",
    label: "priority",
  },
  {
    name: "sluice_hedges_total",
    help: "Second attempts beside one that took long, and those of them that answered first",
    prefix: "hedge",
    label: "event",
  },
  {
    name: "sluice_mirrored_total",
    help: "Copies of requests for another version, by what came of them",
    prefix: "mirror",
    label: "outcome",
  },
  {
    name: "sluice_faults_injected_total",
    help: "Requests that a route delayed or aborted on purpose",
    prefix: "fault",
    label: "kind",
  },
];

/** Adds what policies of services and their routes did. */
export function addPolicies(
  registry: Registry,
  totals: WorkerTotals,
  services: readonly ServiceSnapshot[],
): void {
  const counted = services.map(({ name }) => ({
    service: name,
    counts: totals.policyCounts(name),
  }));
  for (const { name, help, prefix, label } of FAMILIES) {
    const series = counted.flatMap(({ service, counts }) =>
      [...counts].flatMap(([word, count]) => {
        const [family, rest = ""] = word.split(":", 2);
        return family === prefix ? [[{ service, [label]: rest }, count] as const] : [];
      }),
    );
    addCounter(registry, name, help, series);
  }
  addConcurrency(registry, totals, services);
  addShadows(registry, totals, services);
}

function addShadows(
  registry: Registry,
  totals: WorkerTotals,
  services: readonly ServiceSnapshot[],
): void {
  const seen = services.flatMap(({ name }) => totals.shadow(name) ?? []);
  const parts = ["compared", "different", "status", "headers", "body"] as const;
  addCounter(
    registry,
    "sluice_shadow_answers_total",
    "Answers that were compared with those to copies, those that differ, and in what",
    seen.flatMap((shadow) =>
      parts.map((found) => [{ service: shadow.service, found }, shadow[found]] as const),
    ),
  );
}

function addConcurrency(
  registry: Registry,
  totals: WorkerTotals,
  services: readonly ServiceSnapshot[],
): void {
  const versions = services.flatMap((service) =>
    service.versions.map(({ name: version }) => ({
      labels: { service: service.name, version },
      seen: totals.concurrency(service.name, version),
    })),
  );
  addGauge(
    registry,
    "sluice_concurrency_limit",
    "How many requests at once latency lets a version have, where limits.adaptive says so",
    versions.flatMap(({ labels, seen: { limit } }) =>
      limit === undefined ? [] : [[labels, limit] as const],
    ),
  );
  addGauge(
    registry,
    "sluice_waiting",
    "Requests that wait for their turn at a version that has all it may have under way",
    versions.map(({ labels, seen: { waiting } }) => [labels, waiting] as const),
  );
}
