import { isIPv6 } from "node:net";
import { z } from "zod";
import { canonicalRemote } from "../config/address.ts";
import type { ConsulSelector, DiscoveredEndpoint } from "../config/service.ts";
import {
  DEFAULT_NAMESPACE,
  DEFAULT_PARTITION,
  serviceIdText,
} from "../../proxy/intentions/spiffe-id.ts";
import type { ServiceId } from "../../proxy/intentions/spiffe-id.ts";
import { compatOfMeta } from "./meta-compat.ts";
import type { MetaCompat } from "./meta-compat.ts";
import { parseAnswer } from "../consul/answer.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Consul's own upper end of a Service.Weights, and ours of an endpoint's weight. */
const WEIGHT_MAX = 65_535;

/** How much of an address that cannot be one is shown. */
const SHOWN_MAX = 100;

/** Stands for checks that cannot be read: nobody knows that they pass. */
const UNREADABLE = [{ CheckID: "unreadable", Status: "unreadable" }];

/**
 * An instance as Consul gives it. Newer releases leave out what is 0 or empty; what cannot be read
 * costs the instance its use, and not all others theirs.
 */
const entrySchema = z.object({
  Node: z.object({
    Node: z.string().nullish(),
    Address: z.string().nullish(),
    Datacenter: z.string().nullish(),
  }),
  Service: z.object({
    ID: z.string().nullish(),
    Service: z.string().nullish(),
    Namespace: z.string().nullish(),
    Partition: z.string().nullish(),
    /** From 1.13 on: another cluster's, whose certificates are of another trust domain. */
    PeerName: z.string().nullish(),
    /** Of a proxy in the mesh. */
    Proxy: z.object({ DestinationServiceName: z.string().nullish() }).nullish(),
    Address: z.string().nullish(),
    Port: z.number().nullish().catch(undefined),
    /** From 1.10 on, in place of address and port. */
    SocketPath: z.string().nullish(),
    Tags: z.array(z.string()).nullish().catch(undefined),
    Meta: z.record(z.string(), z.unknown()).nullish().catch(undefined),
    Weights: z.object({ Passing: z.number(), Warning: z.number() }).nullish().catch(undefined),
  }),
  Checks: z
    .array(z.object({ CheckID: z.string(), Status: z.string() }))
    .nullish()
    .catch(UNREADABLE),
});

type HealthEntry = z.output<typeof entrySchema>;

/** The worst of an instance's checks, its node's included. maintenance: an operator took it out. */
type InstanceStatus = "passing" | "warning" | "critical" | "maintenance";

/** One instance of a service as Consul's health endpoint gives it. */
export type Instance = {
  /** Consul's id of the instance. "": it has none. */
  readonly id: string;
  /** Name of its node. "": Consul does not say. */
  readonly node: string;
  /** Canonical: see canonicalRemote. With a `flaw`, what Consul says, and the id, for people. */
  readonly address: string;
  /** Why nobody can connect to it, for people. undefined: its address is one. */
  readonly flaw: string | undefined;
  readonly tags: readonly string[];
  /** Meta.version. undefined: the registration has none. */
  readonly version: string | undefined;
  readonly status: InstanceStatus;
  /** Service.Weights.Passing. */
  readonly weight: number;
  /** Service.Weights.Warning. 0: an instance with a warning gets nothing. */
  readonly warningWeight: number;
  /** What it says that its version can live beside, and what of that cannot be read. */
  readonly declared: MetaCompat;
  /** Who it is in the mesh, or whose proxy. undefined: Consul does not say, or it is elsewhere. */
  readonly member: MeshMember | undefined;
};

/** Somebody in the mesh, without the trust domain, which is everybody's. */
export type MeshMember = Omit<ServiceId, "trustDomain">;

/** How to read what Consul says of instances. */
export type SelectOptions = {
  readonly warningIsHealthy: boolean;
  /** Of the mesh; for endpoints in it. undefined: not known. */
  readonly trustDomain?: string | undefined;
};

/**
 * Reads `GET /v1/health/service/NAME`. Consul takes any address and any port for an instance: those
 * that cannot be have a `flaw`. @throws ConsulError
 */
export function parseHealthAnswer(action: string, text: string): readonly Instance[] {
  return readInstances(action, parseAnswer(action, text));
}

/** Reads a list of instances as Consul's JSON holds it. @throws ConsulError */
export function readInstances(action: string, value: unknown): readonly Instance[] {
  const entries = z.array(entrySchema).safeParse(value);
  if (!entries.success) {
    throw new ConsulError("consul_unreadable", action, "Consul's answer holds no instances");
  }
  return entries.data.map(readInstance);
}

/**
 * The endpoints that a selector means. Consul has already applied an expression (`filter`), so here
 * it lets everything through. Of two instances at one address the healthier one counts, and the
 * heavier one of two alike, in whatever order Consul has them. Sorted by address; those with a flaw
 * come last.
 */
export function selectEndpoints(
  instances: readonly Instance[],
  selector: ConsulSelector,
  options: SelectOptions,
): readonly DiscoveredEndpoint[] {
  const chosen = instances
    .filter((instance) => isSelected(instance, selector))
    .map((instance) => (selector.connect ? inMesh(instance) : instance));
  const trustDomain = selector.connect ? options.trustDomain : undefined;
  const byAddress = new Map<string, DiscoveredEndpoint>();
  for (const instance of chosen) {
    if (instance.flaw !== undefined) continue;
    const endpoint = toEndpoint(instance, options.warningIsHealthy, trustDomain);
    const known = byAddress.get(endpoint.address);
    if (known === undefined || isBetter(endpoint, known)) byAddress.set(endpoint.address, endpoint);
  }
  const flawed = chosen.filter(({ flaw }) => flaw !== undefined);
  return [
    ...sorted([...byAddress.values()]),
    ...sorted(flawed.map((instance) => toEndpoint(instance, options.warningIsHealthy))),
  ];
}

/**
 * At most `max` of them, in their order: those that are not healthy give way first, as nothing
 * would serve where they were the first of too many.
 */
export function atMost(
  max: number,
  endpoints: readonly DiscoveredEndpoint[],
): readonly DiscoveredEndpoint[] {
  if (endpoints.length <= max) return endpoints;
  const healthy = endpoints.filter((each) => each.healthy);
  const ill = endpoints.filter((each) => !each.healthy);
  const kept = new Set([...healthy, ...ill].slice(0, max));
  return endpoints.filter((each) => kept.has(each));
}

function isBetter(one: DiscoveredEndpoint, other: DiscoveredEndpoint): boolean {
  return one.healthy === other.healthy ? one.weight > other.weight : one.healthy;
}

function sorted(endpoints: readonly DiscoveredEndpoint[]): readonly DiscoveredEndpoint[] {
  return endpoints.toSorted((a, b) => (a.address < b.address ? -1 : 1));
}

/** Whether it is one of the version that a selector means. */
export function isSelected(instance: Instance, { version, tag }: ConsulSelector): boolean {
  if (version !== undefined) return instance.version === version;
  return tag === undefined || instance.tags.includes(tag);
}

/** Whom to expect at its address must be known. */
function inMesh(instance: Instance): Instance {
  if (instance.member !== undefined || instance.flaw !== undefined) return instance;
  const address = `${instance.address} (${shown(instance.id)})`;
  return { ...instance, address, flaw: `instance ${shown(instance.id)}: not of this mesh` };
}

function toEndpoint(
  instance: Instance,
  warningIsHealthy: boolean,
  trustDomain?: string,
): DiscoveredEndpoint {
  const isWarned = instance.status === "warning";
  const takesWarned = isWarned && warningIsHealthy && instance.warningWeight > 0;
  const weight = takesWarned ? instance.warningWeight : instance.weight;
  const healthy = instance.flaw === undefined && (instance.status === "passing" || takesWarned);
  return {
    address: instance.address,
    weight: Math.min(WEIGHT_MAX, Math.max(1, Math.trunc(weight))),
    healthy,
    reason: healthy ? undefined : (instance.flaw ?? `Consul says ${instance.status}`),
    ...(instance.status === "maintenance" && { inMaintenance: true }),
    ...(instance.declared.compat && { compat: instance.declared.compat }),
    ...(trustDomain !== undefined && { san: sanOf(instance, trustDomain) }),
  };
}

function sanOf({ member }: Instance, trustDomain: string): string | undefined {
  return member === undefined ? undefined : serviceIdText({ ...member, trustDomain });
}

function readInstance({ Node, Service, Checks }: HealthEntry): Instance {
  const id = Service.ID ?? "";
  const version = Service.Meta?.["version"];
  return {
    id,
    node: Node.Node ?? "",
    ...readAddress(id, placeOf(Service.Address || Node.Address || "", Service)),
    tags: Service.Tags ?? [],
    version: typeof version === "string" ? version : undefined,
    status: worstStatus(Checks ?? []),
    weight: Service.Weights?.Passing ?? 1,
    warningWeight: Service.Weights?.Warning ?? 1,
    declared: compatOfMeta(Service.Meta),
    member: memberOf(Node, Service),
  };
}

function memberOf(
  { Datacenter: datacenter }: HealthEntry["Node"],
  { Service, Proxy, Namespace, Partition, PeerName }: HealthEntry["Service"],
): MeshMember | undefined {
  const service = Proxy?.DestinationServiceName || Service;
  if (!service || !datacenter || PeerName) return undefined;
  return {
    partition: Partition || DEFAULT_PARTITION,
    namespace: Namespace || DEFAULT_NAMESPACE,
    datacenter,
    service,
  };
}

function placeOf(host: string, { Port: port, SocketPath: path }: HealthEntry["Service"]): string {
  if (path) return `unix:${path}`;
  return `${isIPv6(host) ? `[${host}]` : host}:${port ?? 0}`;
}

function readAddress(id: string, text: string): Pick<Instance, "address" | "flaw"> {
  const address = canonicalRemote(text);
  if (address !== undefined) return { address, flaw: undefined };
  const flaw = `instance ${shown(id)}: neither an address nor a host name with a port`;
  return { address: `${shown(text)} (${shown(id)})`, flaw };
}

/** Cut short, and without control characters. */
function shown(text: string): string {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted.length > SHOWN_MAX ? `${quoted.slice(0, SHOWN_MAX)}…` : quoted;
}

/**
 * As Consul's own AggregatedStatus: maintenance, then critical, then warning; no checks: passing. A
 * status that we do not know is none that passes.
 */
function worstStatus(checks: NonNullable<HealthEntry["Checks"]>): InstanceStatus {
  if (checks.some(isMaintenance)) return "maintenance";
  const bad = checks.filter((check) => check.Status !== "passing");
  if (bad.length === 0) return "passing";
  return bad.every((check) => check.Status === "warning") ? "warning" : "critical";
}

function isMaintenance({ CheckID: id }: { readonly CheckID: string }): boolean {
  return id === "_node_maintenance" || id.startsWith("_service_maintenance:");
}
