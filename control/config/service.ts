import type { Balance, EjectionPolicy } from "../../proxy/table/endpoint-policy.ts";
import type {
  AffinitySnapshot,
  FilterSnapshot,
  GrpcPolicy,
  KeepAlive,
  Limits,
  Policy,
  RouteSnapshot,
  State,
  TcpPolicy,
  ViaMode,
} from "../../proxy/table/snapshot.ts";
import type { Compatibility } from "../../proxy/table/compatibility.ts";
import type { RateLimitSnapshot } from "../../proxy/table/rate-limit.ts";
import type { UpstreamProtocol } from "../../proxy/table/tls.ts";
import type { Tolerance } from "../../proxy/table/tolerance.ts";
import type { ServiceTls } from "./tls-files.ts";

/** An endpoint that the document names itself. */
export type StaticEndpoint = {
  /** Canonical: see canonicalEndpoint. */
  readonly address: string;
  /** 1 … 65 535. */
  readonly weight: number;
};

/** An endpoint as it was found in the registry, through its name or by checks. */
export type DiscoveredEndpoint = {
  /** `10.0.0.5:3000` or `[::1]:3000`; `web.internal:3000`, unhealthy, without an address. */
  readonly address: string;
  /** Relative weight inside its version, 1 … 65 535. */
  readonly weight: number;
  readonly healthy: boolean;
  /**
   * `web.internal:3000`: the entry whose name resolves to this address. undefined: this is the
   * entry.
   */
  readonly name?: string | undefined;
  /** Why it is not healthy, for people. undefined: it is, or only the registry knows. */
  readonly reason?: string | undefined;
  /** See EndpointSnapshot. */
  readonly san?: string | undefined;
  /** Whether an operator took it out, as by `consul maint`. Absent: no. */
  readonly inMaintenance?: boolean | undefined;
  /** What the registry says that its version can live beside. Absent: nothing. */
  readonly compat?: Compatibility | undefined;
};

/** How a version's endpoints are found in Consul. At most one of version, tag and filter is set. */
export type ConsulSelector = (ServiceInstances | QueryInstances) & {
  /** Where Consul is asked about. undefined: in that of `consul.datacenter`. */
  readonly datacenter?: string | undefined;
  /** Instances whose Meta.version is this. */
  readonly version?: string | undefined;
  readonly tag?: string | undefined;
  /** Its proxies in Consul's mesh, in place of the instances themselves. undefined: no. */
  readonly connect?: true | undefined;
};

/** All instances of a service. */
type ServiceInstances = {
  /** Consul's name of the service. */
  readonly service: string;
  /** A filter expression of Consul's health endpoint. */
  readonly filter?: string | undefined;
  readonly query?: undefined;
};

/** Those that a prepared query gives, which may be another datacenter's. */
type QueryInstances = {
  readonly service?: undefined;
  readonly filter?: undefined;
  /** Its name or id. */
  readonly query: string;
  /** How often it is executed: it cannot wait for a change. */
  readonly pollMs: number;
};

/** Where a version's endpoints come from. */
export type EndpointSource =
  | { readonly kind: "static"; readonly endpoints: readonly StaticEndpoint[] }
  | { readonly kind: "consul"; readonly selector: ConsulSelector };

/** A version as it is configured. */
export type ServiceVersion = {
  readonly name: string;
  /** Whole number, 0 … WEIGHT_MAX. */
  readonly weight: number;
  readonly state: State;
  readonly source: EndpointSource;
  /** States by canonical address, of static and of discovered endpoints; absent: ready. */
  readonly endpointStates: ReadonlyMap<string, State>;
  /** Absent: nobody says what it can live beside. */
  readonly compat?: Compatibility | undefined;
};

/** By GET of a path. */
export type HttpQuestion = { readonly kind: "http"; readonly path: string };

/** By a call of `grpc.health.v1.Health/Check`. */
export type GrpcQuestion = {
  readonly kind: "grpc";
  /** Whose health: a service's full name, such as `shop.Cart`. "": the server's as a whole. */
  readonly service: string;
};

/** By a connection, and perhaps by what comes over it. */
export type TcpQuestion = {
  readonly kind: "tcp";
  /** Bytes to send, as latin1. undefined: none. */
  readonly send: string | undefined;
  /** Bytes that must be somewhere in what comes back, as latin1. undefined: whatever comes. */
  readonly expect: string | undefined;
  /** See TcpPolicy. undefined: the endpoint wants none. */
  readonly proxyProtocol: "v1" | "v2" | undefined;
};

/** How an endpoint is asked how well it is. */
export type HealthQuestion = HttpQuestion | GrpcQuestion | TcpQuestion;

/** Active health checks of every endpoint of a service. */
export type HealthCheck = {
  readonly question: HealthQuestion;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Successes in a row that make an endpoint healthy. */
  readonly rise: number;
  /** Failures in a row that make it unhealthy. */
  readonly fall: number;
};

/** How connections end when traffic has left a version, or when the whole sidecar ends. */
export type DrainPolicy = {
  /**
   * From then on requests that take this long are ended too; until then only tunnels (and, when the
   * sidecar ends, idle connections).
   */
  readonly softMs: number;
  /** From then on nothing is left open. At least softMs. */
  readonly hardMs: number;
  /** Rate at which connections are ended, summed over all workers. */
  readonly connectionsPerSecond: number;
};

/** How a version that has appeared is rolled out by itself; undefined: as by default. */
export type AutomaticRollout = {
  readonly preset: "careful" | "standard" | "fast" | undefined;
  readonly strategy: "canary" | "blueGreen" | undefined;
};

/**
 * A service as the program reads it: a valid ServiceDocument with units resolved and defaults
 * filled in. serviceSchema makes it, compileService turns it into a snapshot.
 */
export type Service = {
  /** Lower case. undefined: the service's own name. */
  readonly hosts: readonly string[] | undefined;
  /** Name of one of the versions. */
  readonly stable: string;
  /** undefined: the service's own name, so that services do not all move the same keys. */
  readonly salt: string | undefined;
  readonly affinity: AffinitySnapshot | undefined;
  /** In the document's order; at least one. */
  readonly versions: readonly ServiceVersion[];
  readonly routes: readonly RouteSnapshot[];
  readonly filters: readonly FilterSnapshot[];
  readonly policy: Policy;
  readonly limits: Limits;
  readonly ejection: EjectionPolicy;
  readonly keepAlive: KeepAlive;
  /** undefined: no active checks. */
  readonly healthCheck: HealthCheck | undefined;
  readonly balance: Balance;
  readonly slowStartMs: number;
  readonly drain: DrainPolicy;
  /**
   * What happens to the tunnels of a version whose weight becomes 0 or whose state becomes drain.
   * keep: they stay. migrate: they end as `drain` says, so that their clients come back.
   */
  readonly onShift: "keep" | "migrate";
  /** follow: weights come from Consul's service-splitter. publish: ours are written to it. */
  readonly splitter: "follow" | "publish" | undefined;
  /** The only methods that are taken. Empty: any. */
  readonly methods: readonly string[];
  readonly tolerate: readonly Tolerance[];
  readonly via: ViaMode;
  readonly debug: boolean;
  /** undefined: connections to its endpoints are in clear. */
  readonly upstreamTls: ServiceTls | undefined;
  /** undefined: it is of kind http. */
  readonly tcp: TcpPolicy | undefined;
  readonly protocol: UpstreamProtocol;
  readonly grpc: GrpcPolicy;
  readonly rateLimit: RateLimitSnapshot | undefined;
  /** undefined: rollouts begin only when somebody asks. */
  readonly automatic: AutomaticRollout | undefined;
};
