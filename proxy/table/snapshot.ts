/**
 * The contract between control/ and proxy/: plain data, already validated and normalised.
 * Everything is present, durations are whole milliseconds, sizes are bytes; nothing here is ever
 * changed in place. control/ makes it, RoutingTable compiles it, requests read the compiled form.
 */

import type { GrpcStatus } from "../grpc/status.ts";
import type { Compatibility } from "./compatibility.ts";
import type { Balance, EjectionPolicy } from "./endpoint-policy.ts";
import type { MirrorPolicy } from "./mirror.ts";
import type { Priority } from "./priority.ts";
import type { RateLimitSnapshot } from "./rate-limit.ts";
import type { RouteActions } from "./route-actions.ts";
import type { ListenerTls, UpstreamProtocol, UpstreamTls } from "./tls.ts";
import type { Tolerance } from "./tolerance.ts";

/** ready: new work. drain: no new sessions, pinned ones and open tunnels stay. maint: nothing. */
export type State = "ready" | "drain" | "maint";

/** Upper end of a version's weight. Weights are relative; 0 means no new traffic. */
export const WEIGHT_MAX = 1_000_000;

/** One place where a version answers. */
export type EndpointSnapshot = {
  /** `10.0.0.5:3000`, `[::1]:3000` or `unix:/run/web.sock`; its identity across tables. */
  readonly address: string;
  /** Relative weight among the endpoints of its version, 1 … 65 535 (Consul's Service.Weights). */
  readonly weight: number;
  readonly state: State;
  /** According to active checks and the registry. Ejection is up to each worker. */
  readonly healthy: boolean;
  /** An operator has it out, as the registry says: it is unhealthy, and not used in panic. */
  readonly setAside?: true | undefined;
  /** The host name that its address was found by. Absent: it has none, or nobody asks for it. */
  readonly host?: string | undefined;
  /** The only URI that its certificate must have. Absent: whatever the service's TLS says. */
  readonly san?: string | undefined;
};

/** A named group of endpoints with its share of the service. */
export type VersionSnapshot = {
  readonly name: string;
  /** Whole number, 0 … WEIGHT_MAX. */
  readonly weight: number;
  readonly state: State;
  readonly endpoints: readonly EndpointSnapshot[];
  /** Absent: nobody says what it can live beside. */
  readonly compat?: Compatibility | undefined;
};

/** Affinity by a cookie, and what the cookies of ours that go with it look like (RFC 6265 4.1). */
export type CookieAffinity = {
  readonly kind: "cookie";
  readonly name: string;
  /** A new session gets a cookie. Whatever this says, one beside the application's is ours. */
  readonly set: boolean;
  readonly path: string;
  /** undefined: only the host that set it. */
  readonly domain: string | undefined;
  /** Whole seconds. 0: as long as the browser runs. */
  readonly maxAgeS: number;
  readonly secure: boolean;
  readonly sameSite: "Strict" | "Lax" | "None";
  /** Also on answers that shared caches may store. */
  readonly onCacheable: boolean;
};

/** Where a request's affinity key is read from. */
export type AffinitySnapshot = (
  | CookieAffinity
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "query"; readonly name: string }
  | { readonly kind: "clientIp" }
) & {
  /** Requests with a key stick to an endpoint of their version, too. */
  readonly toEndpoint?: true | undefined;
};

/** What may be retried: see docs/retries.md. */
export type RetryCause =
  | "connect"
  | "reset-before-response"
  | "503"
  | "timeout"
  | "grpc-unavailable";

/** When and how often a failed attempt may be followed by another one. */
export type RetryPolicy = {
  /** Further attempts after the first, 0 … 10. 0: never. */
  readonly attempts: number;
  readonly on: readonly RetryCause[];
  /** Whether a retry may leave the version that failed. Pinned requests never do. */
  readonly across: "never" | "stable-only" | "any";
  /** Retries under way at once may be `percent` of the requests in flight, at least `min`. */
  readonly budgetPercent: number;
  readonly budgetMin: number;
};

/** Bounds of one version in one worker. 0 is not unlimited: it lets nothing through. */
export type Limits = {
  /** Open connections to the version's endpoints, but for tunnels. */
  readonly connections: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  /** Exchanges under way. */
  readonly inFlight: number;
  /** Upgraded connections, each of which counts for nothing else. */
  readonly tunnels: number;
  /** Exchanges at once over one connection of HTTP/2 to an endpoint. */
  readonly streams: number;
  /**
   * How long a request waits for a connection, or for its turn where inFlight is reached. Absent or
   * 0: for a connection as long as for an answer, for its turn not at all.
   */
  readonly pendingTimeoutMs?: number | undefined;
  /** Latency says how many are under way at most, up to inFlight. Absent: no. */
  readonly adaptive?: boolean | undefined;
};

/** How often and how long connections to endpoints are used again. */
export type KeepAlive = {
  /** Longest rest between two requests. undefined: a few seconds, or as the endpoint says. */
  readonly idleMs: number | undefined;
  /** Most requests over one connection. 0: no limit. */
  readonly requests: number;
  /** After this age, in ms, a connection gets no further request. 0: no limit. */
  readonly ageMs: number;
  /** A new connection for each request. */
  readonly off: boolean;
  /** After so long a silence an endpoint is asked by PING (HTTP/2). 0: never. */
  readonly pingMs: number;
};

/** What calls of gRPC end with. */
export type GrpcPolicy = {
  /** The statuses that count against an endpoint and its version, as a 5xx does in HTTP. */
  readonly failures: readonly GrpcStatus[];
};

/** When a request that may be sent twice is. */
export type HedgePolicy = {
  /** After so many ms without an answer. undefined: after what 95 of 100 take lately. */
  readonly afterMs: number | undefined;
};

/** How much of a body waits in memory for the slower side, at most. 0: it streams. */
export type BufferPolicy = {
  /** A request of up to so many bytes is sent when all of it is there, with its length. */
  readonly requestBytes: number;
  /** So much of an answer is taken for a client that is behind. */
  readonly responseBytes: number;
};

/**
 * Everything about a service or route that is not a choice of version. Times in ms, 0: no limit.
 */
export type Policy = {
  /** Whole exchange, from the request's head to the response's last byte. Not for tunnels. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A client's kept-alive connection without a request. */
  readonly idleTimeoutMs: number;
  /** A tunnel without a byte either way. */
  readonly tunnelIdleTimeoutMs: number;
  /** From the first byte of a request's head to its last. */
  readonly headTimeoutMs: number;
  /**
   * From the last byte of a request to the head of its final answer, for each attempt; a wait for
   * a connection may take as long again.
   */
  readonly responseTimeoutMs: number;
  /** From a client's FIN behind a whole request to the head of its answer. 0: no limit. */
  readonly halfCloseGraceMs: number;
  /** Longest pause inside a body, either way. */
  readonly stallTimeoutMs: number;
  /** Largest request body in bytes. 0: no limit. */
  readonly maxBodyBytes: number;
  readonly retries: RetryPolicy;
  /** A second attempt beside one that takes long. Absent: there is none. */
  readonly hedge?: HedgePolicy | undefined;
  /**
   * A field in which endpoints are told how many ms are left of `timeoutMs`, and callers may say
   * that they wait for less. Absent: none.
   */
  readonly deadlineField?: string | undefined;
  /** Absent: nothing is copied. */
  readonly mirror?: MirrorPolicy | undefined;
  /** Absent: bodies stream, both ways. */
  readonly buffer?: BufferPolicy | undefined;
};

/** A path condition. `prefix` matches by whole segments: /a matches /a and /a/b, not /ab. */
export type PathMatch = {
  readonly kind: "prefix" | "exact";
  readonly path: string;
};

/** All conditions must hold. Empty lists and records hold for everything. */
export type RouteMatch = {
  readonly path: PathMatch | undefined;
  /** Upper-case methods; empty: any. */
  readonly methods: readonly string[];
  /** Lower-case name → exact value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
};

/** The first route that matches gives the policy and, with `to`, the version. */
export type RouteSnapshot = {
  readonly match: RouteMatch;
  /** A version by name instead of the split. undefined: the split decides. */
  readonly to: string | undefined;
  readonly policy: Policy;
  /** How much its requests matter when not all can be taken. Absent: normal. */
  readonly priority?: Priority | undefined;
  /** Its own rate limit, beside that of its service. Absent: none. */
  readonly rateLimit?: RateLimitSnapshot | undefined;
  /** What it does itself. Absent: nothing. */
  readonly actions?: RouteActions | undefined;
};

/** An operator's module that sees requests and responses of a service: docs/filters.md. */
export type FilterSnapshot = {
  /** Unique in its service; a metric's label. */
  readonly name: string;
  /** The module's file, as configured. */
  readonly module: string;
  /** What it is made with: plain JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** bypass: an exchange continues without a filter that fails. closed: it is answered with 503. */
  readonly onError: "bypass" | "closed";
  /** Longest time of one hook in ms. 0: no limit. */
  readonly timeoutMs: number;
};

/** How connections of a service are passed on that need not speak HTTP. */
export type TcpPolicy = {
  /**
   * In which version of the PROXY protocol endpoints are told who the client is. undefined: they
   * are not.
   */
  readonly proxyProtocol: "v1" | "v2" | undefined;
};

/** In which messages we name ourselves in Via (RFC 9110 section 7.6.3). */
export type ViaMode = "off" | "request" | "both";

/** A service with all that decides about its requests. */
export type ServiceSnapshot = {
  readonly name: string;
  /** Lower case, without port: exact names and `*.` wildcards. */
  readonly hosts: readonly string[];
  /** The version that takes the share of versions without a usable endpoint. */
  readonly stable: string;
  /** Enters the hash of keyed splits: another salt makes another choice of keys. */
  readonly salt: string;
  readonly affinity: AffinitySnapshot | undefined;
  readonly versions: readonly VersionSnapshot[];
  readonly routes: readonly RouteSnapshot[];
  /** In the order in which requests pass them. */
  readonly filters: readonly FilterSnapshot[];
  readonly policy: Policy;
  readonly limits: Limits;
  readonly ejection: EjectionPolicy;
  readonly keepAlive: KeepAlive;
  /** Absent: p2c. */
  readonly balance?: Balance | undefined;
  /** A returning or new endpoint's share grows over this time. 0: at once. */
  readonly slowStartMs: number;
  /** The only methods that are taken. Empty: any. */
  readonly methods: readonly string[];
  /** Rules of HTTP that its messages may break. */
  readonly tolerate: readonly Tolerance[];
  readonly via: ViaMode;
  /** Tell the client which version answered (X-Sluice-Version). */
  readonly debug: boolean;
  /** undefined: connections to its endpoints are in clear. */
  readonly upstreamTls: UpstreamTls | undefined;
  /** Its connections are split as they are, whatever they speak. Absent: it speaks HTTP. */
  readonly tcp?: TcpPolicy | undefined;
  readonly protocol: UpstreamProtocol;
  readonly grpc: GrpcPolicy;
  /** Of all its requests. Absent: there is none. */
  readonly rateLimit?: RateLimitSnapshot | undefined;
};

/** A whole table. */
export type Snapshot = {
  readonly revision: number;
  readonly services: readonly ServiceSnapshot[];
};

/**
 * The difference between two tables: `replace` holds new and changed services whole, `remove`
 * names. Services that are in neither stay as they are.
 */
export type TableChange = {
  readonly revision: number;
  readonly replace: readonly ServiceSnapshot[];
  readonly remove: readonly string[];
};

/** A protocol of clients, as ALPN names it. */
export type ClientProtocol = "h2" | "http/1.1";

/** Where connections of a listener go that need not speak HTTP. */
export type TcpRouting = {
  /**
   * Services by the name that TLS asks for (SNI), in lower case: exact names and `*.` wildcards.
   * Other names, and whoever asks for none, go to the listener's service; without one nobody takes
   * them. undefined: nobody looks at names.
   */
  readonly sni: Readonly<Record<string, string>> | undefined;
};

/** A place where clients reach us. */
export type ListenerSnapshot = {
  /** `0.0.0.0:8080`, `[::]:8080` or `unix:/run/sluice.sock`; its identity. */
  readonly bind: string;
  /** Everything that arrives here is for this service. undefined: by Host. */
  readonly service: string | undefined;
  /**
   * Whose X-Forwarded-* fields are believed and appended to: CIDR ranges, and `unix` for those who
   * come by a Unix socket.
   */
  readonly trustedPeers: readonly string[];
  /** Each connection begins with the PROXY protocol's header, and comes from a trusted peer. */
  readonly proxyProtocol: boolean;
  /** What clients may speak, in the order in which we like it; at least one. */
  readonly protocols: readonly ClientProtocol[];
  /** Open client connections in one worker; above this a new one gets 503 and is closed. */
  readonly connectionsMax: number;
  /** undefined: clients speak HTTP in clear. */
  readonly tls?: ListenerTls | undefined;
  /** Its services are of kind tcp. Absent: clients speak HTTP. */
  readonly tcp?: TcpRouting | undefined;
};
