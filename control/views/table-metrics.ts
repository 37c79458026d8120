import type { Registry } from "prom-client";
import type { EndpointSnapshot, ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import { effectiveByVersion } from "../table/serving.ts";
import { addGauge } from "./metric-series.ts";
import type { EndpointTotals, WorkerTotals } from "./worker-totals.ts";

/** The state of an endpoint, including ejection. */
const ENDPOINT_STATES = ["ready", "drain", "maint", "unhealthy", "ejected"] as const;

/** Adds what the table says of versions and endpoints, and what has become of it. */
export function addTable(
  registry: Registry,
  services: readonly ServiceSnapshot[],
  totals: WorkerTotals,
): void {
  addWeights(registry, services);
  addEndpoints(registry, services, totals);
}

function addWeights(registry: Registry, services: readonly ServiceSnapshot[]): void {
  const help = "Weights of versions; effective: after states and health";
  const series = services.flatMap((service) => {
    const effective = effectiveByVersion(service);
    return service.versions.flatMap(({ name: version, weight }) => {
      const labels = { service: service.name, version };
      return [
        [{ ...labels, kind: "configured" }, weight] as const,
        [{ ...labels, kind: "effective" }, effective[version] ?? 0] as const,
      ];
    });
  });
  addGauge(registry, "sluice_weight", help, series);
}

function addEndpoints(
  registry: Registry,
  services: readonly ServiceSnapshot[],
  totals: WorkerTotals,
): void {
  const help = "1 for the state that an endpoint is in, 0 for the others";
  const series = services.flatMap(({ name: service, versions }) =>
    versions.flatMap(({ name: version, endpoints }) =>
      endpoints.flatMap((endpoint) => {
        const labels = { service, version, endpoint: endpoint.address };
        const seen = totals.endpoint(service, version, endpoint.address);
        const current = endpointState(endpoint, seen);
        return ENDPOINT_STATES.map(
          (state) => [{ ...labels, state }, state === current ? 1 : 0] as const,
        );
      }),
    ),
  );
  addGauge(registry, "sluice_endpoint_state", help, series);
}

/** The operator's word comes first, then checks and registry, then the workers' own judgement. */
function endpointState(
  { state, healthy }: EndpointSnapshot,
  { ejectedBy }: EndpointTotals,
): (typeof ENDPOINT_STATES)[number] {
  if (state !== "ready") return state;
  if (!healthy) return "unhealthy";
  return ejectedBy > 0 ? "ejected" : "ready";
}
