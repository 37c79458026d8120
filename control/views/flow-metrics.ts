import type { Registry } from "prom-client";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import { denseBuckets } from "./flow-totals.ts";
import { addHistogram } from "./folded-histogram.ts";
import { addCounter, addGauge } from "./metric-series.ts";
import type { VersionPlace } from "./metric-series.ts";
import type { WorkerTotals } from "./worker-totals.ts";

/** What it is made of. */
type FlowSource = {
  readonly totals: WorkerTotals;
  readonly services: readonly ServiceSnapshot[];
  /** How many serve: each has limits of its own. */
  readonly workers: number;
  readonly hasFineBuckets: boolean;
};

/** What a version has a limit of: the names of Limits. */
const LIMITS = ["inFlight", "pending", "connections", "tunnels"] as const;

/** States of a version. */
const STATES = ["ready", "drain", "maint"] as const;

type Place = { readonly labels: VersionPlace; readonly service: ServiceSnapshot };

/**
 * Adds what there is of everything that can be full, next to how much there may be, and what goes
 * through: what is asked first in an outage.
 */
export function addFlows(
  registry: Registry,
  { totals, services, workers, hasFineBuckets }: FlowSource,
): void {
  const places: readonly Place[] = services.flatMap((service) =>
    service.versions.map(({ name: version }) => {
      return { labels: { service: service.name, version }, service };
    }),
  );
  addFill(registry, totals, places, workers);
  addBytes(registry, totals, places, hasFineBuckets);
  addStates(registry, services);
  addAttempts(registry, totals, services);
}

function addFill(
  registry: Registry,
  totals: WorkerTotals,
  places: readonly Place[],
  workers: number,
): void {
  addGauge(
    registry,
    "sluice_in_flight",
    "Exchanges under way",
    places.map(({ labels }) => {
      return [labels, totals.version(labels.service, labels.version).exchangesOpen] as const;
    }),
  );
  const connections = places.flatMap(({ labels }) => {
    const { connections: all, idle } = totals.flows.flow(labels.service, labels.version);
    const busy = Math.max(0, all - idle);
    return [
      [{ ...labels, state: "idle" }, idle] as const,
      [{ ...labels, state: "busy" }, busy] as const,
    ];
  });
  const ofEndpoints = "Connections to endpoints that serve exchanges";
  addGauge(registry, "sluice_upstream_connections", ofEndpoints, connections);
  addGauge(
    registry,
    "sluice_pending",
    "Exchanges that wait for a connection to an endpoint",
    places.map(({ labels }) => {
      return [labels, totals.flows.flow(labels.service, labels.version).pending] as const;
    }),
  );
  const limits = places.flatMap(({ labels, service }) =>
    LIMITS.map((kind) => [{ ...labels, kind }, service.limits[kind] * workers] as const),
  );
  addGauge(registry, "sluice_limit", "How much of it a version may have, in all workers", limits);
}

function addBytes(
  registry: Registry,
  totals: WorkerTotals,
  places: readonly Place[],
  isFine: boolean,
): void {
  const flows = places.map(({ labels }) => {
    return { labels, flow: totals.flows.flow(labels.service, labels.version) };
  });
  addCounter(
    registry,
    "sluice_body_bytes_total",
    "Bytes of bodies of exchanges that have ended; in: from clients, out: to them",
    flows.flatMap(({ labels, flow }) => [
      [{ ...labels, direction: "in" }, flow.bytesIn] as const,
      [{ ...labels, direction: "out" }, flow.bytesOut] as const,
    ]),
  );
  addHistogram(
    registry,
    "sluice_first_byte_seconds",
    "How long exchanges took until their answers began",
    flows.map(({ labels, flow }) => {
      const counts = denseBuckets(flow.firstBytes);
      return { labels, counts, sumMs: flow.firstByteSumMs, isFine };
    }),
  );
}

function addStates(registry: Registry, services: readonly ServiceSnapshot[]): void {
  const series = services.flatMap(({ name: service, versions }) =>
    versions.flatMap(({ name: version, state: current }) =>
      STATES.map((state) => [{ service, version, state }, state === current ? 1 : 0] as const),
    ),
  );
  addGauge(registry, "sluice_version_state", "1 for the state that a version is in", series);
}

function addAttempts(
  registry: Registry,
  totals: WorkerTotals,
  services: readonly ServiceSnapshot[],
): void {
  const series = services.flatMap(({ name: service, versions }) =>
    versions.flatMap(({ name: version, endpoints }) =>
      endpoints.flatMap(({ address: endpoint }) => {
        const [wells, bads] = totals.flows.attempts(service, version, endpoint);
        const labels = { service, version, endpoint };
        return [
          [{ ...labels, outcome: "ok" }, wells] as const,
          [{ ...labels, outcome: "failed" }, bads] as const,
        ];
      }),
    ),
  );
  const help = "Attempts at an endpoint that it is judged by: see its ejection";
  addCounter(registry, "sluice_endpoint_attempts_total", help, series);
}

/** Adds what the workers take of the machine. */
export function addUsage(registry: Registry, { flows }: WorkerTotals): void {
  const { cpuSeconds, residentBytes, loopDelay } = flows;
  const cpu = "Processor time of all workers, those too that have ended";
  addCounter(registry, "sluice_workers_cpu_seconds_total", cpu, [[{}, cpuSeconds]]);
  const memory = "Resident memory of all workers";
  addGauge(registry, "sluice_workers_resident_bytes", memory, [[{}, residentBytes]]);
  addHistogram(
    registry,
    "sluice_workers_loop_delay_seconds",
    "How late the workers' event loops were, looked at ten times a second in each",
    [{ labels: {}, counts: denseBuckets(loopDelay.delays), sumMs: loopDelay.sumMs }],
  );
}

/** Adds how many descriptors that worker has open that has the most. undefined: nobody knows. */
export function addDescriptors(registry: Registry, most: number | undefined): void {
  const help = "Descriptors of the worker that has the most open; process_max_fds is the limit";
  const series = most === undefined ? [] : ([[{}, most]] as const);
  addGauge(registry, "sluice_worker_descriptors_most", help, series);
}
