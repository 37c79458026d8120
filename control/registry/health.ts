import { isIPv6 } from "node:net";
import { z } from "zod";
import type { ConsulSelector, DiscoveredEndpoint } from "../config/service.ts";
import { parseAnswer } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Consul's own upper end of a Service.Weights, and ours of an endpoint's weight. */
const WEIGHT_MAX = 65_535;

const entrySchema = z.object({
  Node: z.object({ Address: z.string() }),
  Service: z.object({
    Address: z.string().nullish(),
    Port: z.number(),
    Tags: z.array(z.string()).nullish(),
    Meta: z.record(z.string(), z.string()).nullish(),
    Weights: z.object({ Passing: z.number(), Warning: z.number() }).nullish(),
  }),
  Checks: z.array(z.object({ CheckID: z.string(), Status: z.string() })).nullish(),
});

type HealthEntry = z.output<typeof entrySchema>;

/** The worst of an instance's checks, its node's included. maintenance: an operator took it out. */
type InstanceStatus = "passing" | "warning" | "critical" | "maintenance";

/** One instance of a service as Consul's health endpoint gives it. */
export type Instance = {
  /** `10.0.0.5:3000` or `[::1]:3000`. */
  readonly address: string;
  readonly tags: readonly string[];
  /** Meta.version. undefined: the registration has none. */
  readonly version: string | undefined;
  readonly status: InstanceStatus;
  /** Service.Weights.Passing. */
  readonly weight: number;
  /** Service.Weights.Warning. 0: an instance with a warning gets nothing. */
  readonly warningWeight: number;
};

/**
 * Reads `GET /v1/health/service/NAME`. Instances without a port are left out. @throws ConsulError
 */
export function parseHealthAnswer(action: string, text: string): readonly Instance[] {
  const entries = z.array(entrySchema).safeParse(parseAnswer(action, text));
  if (!entries.success) {
    throw new ConsulError("consul_unreadable", action, "Consul's answer holds no instances");
  }
  return entries.data.filter((entry) => entry.Service.Port > 0).map(readInstance);
}

/**
 * The endpoints that a selector means. Consul has already applied an expression (`filter`), so here
 * it lets everything through. Of two instances at one address the healthier one counts.
 */
export function selectEndpoints(
  instances: readonly Instance[],
  selector: ConsulSelector,
  options: { readonly warningIsHealthy: boolean },
): readonly DiscoveredEndpoint[] {
  const byAddress = new Map<string, DiscoveredEndpoint>();
  for (const instance of instances) {
    if (!isSelected(instance, selector)) continue;
    const endpoint = toEndpoint(instance, options.warningIsHealthy);
    if (byAddress.get(endpoint.address)?.healthy !== true)
      byAddress.set(endpoint.address, endpoint);
  }
  return [...byAddress.values()].toSorted((a, b) => (a.address < b.address ? -1 : 1));
}

function isSelected(instance: Instance, { version, tag }: ConsulSelector): boolean {
  if (version !== undefined) return instance.version === version;
  return tag === undefined || instance.tags.includes(tag);
}

function toEndpoint(instance: Instance, warningIsHealthy: boolean): DiscoveredEndpoint {
  const isWarned = instance.status === "warning";
  const takesWarned = isWarned && warningIsHealthy && instance.warningWeight > 0;
  const weight = takesWarned ? instance.warningWeight : instance.weight;
  return {
    address: instance.address,
    weight: Math.min(WEIGHT_MAX, Math.max(1, Math.trunc(weight))),
    healthy: instance.status === "passing" || takesWarned,
  };
}

function readInstance({ Node, Service, Checks }: HealthEntry): Instance {
  const host = Service.Address || Node.Address;
  return {
    address: `${isIPv6(host) ? `[${host}]` : host.toLowerCase()}:${Service.Port}`,
    tags: Service.Tags ?? [],
    version: Service.Meta?.["version"],
    status: worstStatus(Checks ?? []),
    weight: Service.Weights?.Passing ?? 1,
    warningWeight: Service.Weights?.Warning ?? 1,
  };
}

/**
 * As Consul's own AggregatedStatus: maintenance, then critical, then warning; no checks: passing.
 */
function worstStatus(checks: NonNullable<HealthEntry["Checks"]>): InstanceStatus {
  if (checks.some(isMaintenance)) return "maintenance";
  const statuses = new Set(checks.map((check) => check.Status));
  if (statuses.has("critical")) return "critical";
  return statuses.has("warning") ? "warning" : "passing";
}

function isMaintenance({ CheckID: id }: { readonly CheckID: string }): boolean {
  return id === "_node_maintenance" || id.startsWith("_service_maintenance:");
}
