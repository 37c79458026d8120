import type { Registry } from "prom-client";
import { ATTEMPT_OUTCOMES, CODE_CLASSES, FILTER_FAILURE_KINDS } from "../../proxy/metrics/stats.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import type { CertificateStatus } from "../tls/certificate-status.ts";
import { addCounter, addGauge } from "./metric-series.ts";
import type { MetricSeries, VersionPlace } from "./metric-series.ts";
import { addDescriptors, addFlows, addUsage } from "./flow-metrics.ts";
import { addHistogram } from "./folded-histogram.ts";
import { addCalls, addHttp2 } from "./http2-metrics.ts";
import { MetricsText, servicePortions } from "./metrics-text.ts";
import { addPolicies } from "./policy-metrics.ts";
import { addSidecar } from "./sidecar-metrics.ts";
import type { SidecarMetrics } from "./sidecar-metrics.ts";
import { addTable } from "./table-metrics.ts";
import { addTunnels } from "./tunnel-metrics.ts";
import type { VersionTotals, WorkerTotals } from "./worker-totals.ts";

/** All that metrics are made of. */
export type MetricsSource = {
  readonly totals: WorkerTotals;
  /** The table: its services, versions and endpoints are the only ones that become labels. */
  readonly services: readonly ServiceSnapshot[];
  readonly revision: number;
  /** Those that are in use are labels. */
  readonly certificates: readonly Pick<CertificateStatus, "id" | "facts">[];
  readonly workerRestarts: number;
  /** See RegistryView. undefined: there is no registry. */
  readonly registryStalenessMs: number | undefined;
  /** The latest rollout of each service that has or had one. */
  readonly rollouts: readonly RolloutMetrics[];
  /** Calls of the control API by what came of their credentials. */
  readonly apiCalls: ReadonlyMap<string, number>;
  /** Spans by what became of them. */
  readonly spans: Readonly<Record<string, number>>;
  /** See SharedTableView. undefined: the table is not shared. */
  readonly tableRefusals: ReadonlyMap<string, number> | undefined;
  /** See HistogramSeries.isFine. */
  readonly hasFineBuckets: boolean;
  /** How many serve. */
  readonly workers: number;
  /** Of the worker that has the most open. undefined: nobody knows. */
  readonly descriptors: number | undefined;
  readonly sidecar: SidecarMetrics;
  /** Of this program. */
  readonly version: string;
};

/** What is told of a service's latest rollout. */
export type RolloutMetrics = {
  readonly service: string;
  readonly phase: string;
  /** All there are. */
  readonly phases: readonly string[];
  /** The new version's part of what both versions get, 0 … 1. */
  readonly share: number;
  /** undefined: it is not led here, or there is nothing yet. */
  readonly seen: { readonly evidence: number; readonly failures: number } | undefined;
};

type VersionCounts = { readonly labels: VersionPlace; readonly counts: VersionTotals };

/**
 * Every metric in Prometheus' text format. docs/metrics.md says what they mean. `breathe`: settles
 * when something else has had its turn; there are some milliseconds of work between two of them.
 * Resolves with the text in pieces.
 */
export async function renderMetrics(
  source: MetricsSource,
  breathe: () => Promise<unknown>,
): Promise<readonly string[]> {
  const text = new MetricsText();
  await text.add((registry) => addSidecarWide(registry, source));
  for (const services of servicePortions(source.services)) {
    await breathe();
    await text.add((registry) => addServices(registry, { ...source, services }));
  }
  return [...text.pieces()];
}

/** What there is once, however many services there are. */
function addSidecarWide(registry: Registry, source: MetricsSource): void {
  addLocalReplies(registry, source.totals, [""]);
  addOwnErrors(registry, source);
  addConnections(registry, [
    [{ kind: "h1" }, source.totals.connections.h1],
    [{ kind: "h2" }, source.totals.connections.h2],
  ]);
  addRejected(registry, source.totals);
  addHttp2(registry, source.totals);
  addGauge(registry, "sluice_revision", "The table's revision", [[{}, source.revision]]);
  addCertificates(registry, source);
  addRollouts(registry, source);
  addProcess(registry, source);
  addUsage(registry, source.totals);
  addDescriptors(registry, source.descriptors);
  addSidecar(registry, source.sidecar);
}

/** What there is of each service. */
function addServices(registry: Registry, source: MetricsSource): void {
  const { services, totals } = source;
  const versions = services.flatMap((service) =>
    service.versions.map(({ name: version }) => ({
      labels: { service: service.name, version },
      counts: totals.version(service.name, version),
    })),
  );
  const names = services.map(({ name }) => name);
  addTraffic(registry, versions, source.hasFineBuckets);
  addLocalReplies(registry, totals, names);
  addPolicies(registry, totals, services);
  addConnections(
    registry,
    versions.map(({ labels, counts }) => [{ kind: "tunnel", ...labels }, counts.tunnelsOpen]),
  );
  addTunnels(registry, totals, versions);
  addCalls(registry, totals, versions);
  addTable(registry, services, totals);
  addFilters(registry, source);
  addFlows(registry, source);
}

function addTraffic(registry: Registry, versions: readonly VersionCounts[], isFine: boolean): void {
  addCounter(
    registry,
    "sluice_requests_total",
    "Exchanges that have ended, by class of the client's status (0xx: it went away before one)",
    versions.flatMap(({ labels, counts }) =>
      CODE_CLASSES.map((code, index) => [{ ...labels, code }, counts.codes[index] ?? 0] as const),
    ),
  );
  addHistogram(
    registry,
    "sluice_request_duration_seconds",
    "Duration of exchanges, from the request's head to the response's last byte",
    versions.map(({ labels, counts }) => ({
      labels,
      counts: counts.durations,
      sumMs: counts.durationSumMs,
      isFine,
    })),
  );
  addCounter(
    registry,
    "sluice_attempts_total",
    "Attempts at endpoints that have ended, by outcome",
    versions.flatMap(({ labels, counts }) =>
      ATTEMPT_OUTCOMES.map(
        (outcome, index) => [{ ...labels, outcome }, counts.outcomes[index] ?? 0] as const,
      ),
    ),
  );
  addCounter(
    registry,
    "sluice_retries_total",
    "Attempts that followed a failed one at this version; crossed: at another version",
    versions.flatMap(({ labels, counts }) => [
      [{ ...labels, crossed: "false" }, counts.retries] as const,
      [{ ...labels, crossed: "true" }, counts.retriesCrossed] as const,
    ]),
  );
  addCounter(
    registry,
    "sluice_ejections_total",
    "Endpoints that a worker took out because of their failures",
    versions.map(({ labels, counts }) => [labels, counts.ejections] as const),
  );
  addGauge(
    registry,
    "sluice_panic",
    "Workers that use all endpoints of a version, as too few are usable",
    versions.map(({ labels, counts }) => [labels, counts.panicBy] as const),
  );
}

/** Those of these services. "": of no service. */
function addLocalReplies(
  registry: Registry,
  totals: WorkerTotals,
  services: readonly string[],
): void {
  addCounter(
    registry,
    "sluice_local_replies_total",
    'Errors that Sluice answered itself, by type of Proxy-Status; service "": for none',
    services.flatMap((service) =>
      [...totals.localReplies(service)].map(
        ([error, count]) => [{ service, error }, count] as const,
      ),
    ),
  );
}

function addOwnErrors(registry: Registry, { totals, spans }: MetricsSource): void {
  addCounter(
    registry,
    "sluice_local_faults_total",
    "What failed for lack of descriptors, ports, memory or permission, by the system's code",
    [...totals.localFaults].map(([code, count]) => [{ code }, count] as const),
  );
  addCounter(
    registry,
    "sluice_access_log_lines_total",
    "Lines of the access log; dropped: no room, or they could not be written",
    Object.entries(totals.accessLog).map(([outcome, count]) => [{ outcome }, count] as const),
  );
  addCounter(
    registry,
    "sluice_trace_spans_total",
    "Spans; dropped: no room, or the collector did not take them",
    Object.entries(spans).map(([outcome, count]) => [{ outcome }, count] as const),
  );
}

function addConnections(registry: Registry, series: MetricSeries): void {
  const help = "Open client connections; only a tunnel belongs to a version";
  addGauge(registry, "sluice_connections", help, series);
}

function addRejected(registry: Registry, totals: WorkerTotals): void {
  addCounter(
    registry,
    "sluice_rejected_total",
    "Messages that Sluice refused, by reason",
    [...totals.rejected].map(([reason, count]) => [{ reason }, count] as const),
  );
}

function addFilters(registry: Registry, { services, totals }: MetricsSource): void {
  const filters = services.flatMap(({ name: service, filters: configured }) =>
    configured.map(({ name: filter }) => ({
      labels: { service, filter },
      counts: totals.filter(service, filter),
    })),
  );
  addCounter(
    registry,
    "sluice_filter_failures_total",
    "Exchanges in which a filter threw, took too long, or could not be loaded",
    filters.flatMap(({ labels, counts }) =>
      FILTER_FAILURE_KINDS.map(
        (kind, index) => [{ ...labels, kind }, counts.failures[index] ?? 0] as const,
      ),
    ),
  );
  addCounter(
    registry,
    "sluice_filter_answers_total",
    "Requests that a filter answered itself; they belong to no version",
    filters.map(({ labels, counts }) => [labels, counts.answers] as const),
  );
}

function addCertificates(registry: Registry, { certificates }: MetricsSource): void {
  const help = "When a certificate, or the last of some roots, ends, in seconds since 1970";
  const series = certificates.flatMap(({ id: certificate, facts }) =>
    facts === undefined ? [] : [[{ certificate }, facts.notAfterMs / 1_000] as const],
  );
  addGauge(registry, "sluice_certificate_expiry_timestamp_seconds", help, series);
}

function addRollouts(registry: Registry, { rollouts }: MetricsSource): void {
  addGauge(
    registry,
    "sluice_rollout_phase",
    "1 for the phase that a service's latest rollout is in",
    rollouts.flatMap(({ service, phase, phases }) =>
      phases.map((each) => [{ service, phase: each }, each === phase ? 1 : 0] as const),
    ),
  );
  addGauge(
    registry,
    "sluice_rollout_share",
    "The new version's part of what both versions of the latest rollout get",
    rollouts.map(({ service, share }) => [{ service }, share] as const),
  );
  const seen = rollouts.flatMap(({ service, seen: found }) =>
    found === undefined ? [] : [{ labels: { service }, ...found }],
  );
  addGauge(
    registry,
    "sluice_rollout_evidence",
    "Evidence against the new version, as a part of what it is aborted at; of whoever leads",
    seen.map(({ labels, evidence }) => [labels, evidence] as const),
  );
  addGauge(
    registry,
    "sluice_rollout_failures",
    "Failed requests of the new version above those at the old one's rate; of whoever leads",
    seen.map(({ labels, failures }) => [labels, failures] as const),
  );
}

function addProcess(registry: Registry, source: MetricsSource): void {
  const { workerRestarts, registryStalenessMs = 0, apiCalls, version } = source;
  const restarts = "Workers that were replaced because they ended or hung";
  addCounter(registry, "sluice_worker_restarts_total", restarts, [[{}, workerRestarts]]);
  addCounter(
    registry,
    "sluice_api_auth_total",
    "Calls of the control API, by what came of their credentials",
    [...apiCalls].map(([outcome, count]) => [{ outcome }, count] as const),
  );
  const staleness =
    "Time since the table and endpoints were last in step with the registry; 0: they are";
  const stalenessSeconds = registryStalenessMs / 1_000;
  addGauge(registry, "sluice_registry_staleness_seconds", staleness, [[{}, stalenessSeconds]]);
  if (source.tableRefusals !== undefined) addRefusals(registry, source.tableRefusals);
  const build = { version, node: process.versions.node };
  addGauge(
    registry,
    "sluice_build_info",
    "Always 1; the labels name the versions of Sluice and Node",
    [[build, 1]],
  );
}

function addRefusals(registry: Registry, refusals: ReadonlyMap<string, number>): void {
  addCounter(
    registry,
    "sluice_table_refused_total",
    "Tables in Consul that were not followed, by reason",
    [...refusals].map(([reason, count]) => [{ reason }, count] as const),
  );
}
