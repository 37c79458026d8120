import type { RequestView } from "../../../proxy/table/request-view.ts";
import { hashRange } from "../../../proxy/table/hash.ts";
import { ServiceTable } from "../../../proxy/table/service-table.ts";
import type {
  CookieAffinity,
  Policy,
  RouteMatch,
  RouteSnapshot,
  ServiceSnapshot,
  VersionSnapshot,
} from "../../../proxy/table/snapshot.ts";

const policy: Policy = {
  timeoutMs: 0,
  connectTimeoutMs: 1_000,
  idleTimeoutMs: 60_000,
  tunnelIdleTimeoutMs: 3_600_000,
  headTimeoutMs: 10_000,
  responseTimeoutMs: 30_000,
  halfCloseGraceMs: 1_000,
  stallTimeoutMs: 30_000,
  maxBodyBytes: 0,
  retries: { attempts: 1, on: ["connect"], across: "never", budgetPercent: 20, budgetMin: 3 },
};

/** A version by weight alone, or with what else differs. */
export type VersionParts = number | Partial<Omit<VersionSnapshot, "name">>;

/** Affinity by a cookie `sid` that is set, with the defaults; or with what else differs. */
export function cookieAffinity(deps: Partial<CookieAffinity> = {}): CookieAffinity {
  return {
    kind: "cookie",
    name: "sid",
    set: true,
    path: "/",
    domain: undefined,
    maxAgeS: 86_400,
    secure: false,
    sameSite: "Lax",
    onCacheable: false,
    ...deps,
  };
}

/** A whole service from what a test is about. Versions by name; the first is stable. */
export function serviceSnapshot(
  versions: Readonly<Record<string, VersionParts>>,
  deps: Partial<ServiceSnapshot> = {},
): ServiceSnapshot {
  return {
    name: "web",
    hosts: ["web"],
    stable: Object.keys(versions)[0] ?? "v1",
    salt: "web",
    affinity: undefined,
    versions: Object.entries(versions).map(([name, version]) => ({
      name,
      weight: 0,
      state: "ready",
      endpoints: [{ address: "127.0.0.1:3000", weight: 1, state: "ready", healthy: true }],
      ...(typeof version === "number" ? { weight: version } : version),
    })),
    routes: [],
    filters: [],
    policy,
    limits: { connections: 1024, pending: 1024, inFlight: 1024, tunnels: 1024, streams: 100 },
    ejection: {
      consecutive: 5,
      baseTimeMs: 30_000,
      maxTimeMs: 300_000,
      maxPercent: 50,
      failurePercent: 25,
      windowMs: 10_000,
      samples: 20,
    },
    keepAlive: { idleMs: undefined, requests: 0, ageMs: 0, off: false, pingMs: 360_000 },
    slowStartMs: 0,
    methods: [],
    tolerate: [],
    via: "off",
    debug: false,
    upstreamTls: undefined,
    protocol: "http/1.1",
    grpc: { failures: ["UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"] },
    ...deps,
  };
}

/** The compiled form of `serviceSnapshot`. */
export function serviceTable(
  versions: Readonly<Record<string, VersionParts>>,
  deps: Partial<ServiceSnapshot> = {},
): ServiceTable {
  return new ServiceTable(serviceSnapshot(versions, deps));
}

/** Versions v1, v2 … with these weights. */
export function weighted(weights: readonly number[]): Record<string, number> {
  return Object.fromEntries(weights.map((weight, at) => [`v${at + 1}`, weight]));
}

/** A route with these conditions. */
export function route(match: Partial<RouteMatch>, to?: string): RouteSnapshot {
  const any = { path: undefined, methods: [], headers: {}, query: {}, cookies: {} };
  return { match: { ...any, ...match }, to, policy };
}

/** A GET of a target in origin form. Header names in lower case. */
export function request(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): RequestView {
  const [path = "/", queryString = ""] = target.split("?", 2);
  const names = Object.keys(headers);
  return {
    method,
    path,
    queryString,
    header: (name) => headers[name],
    fields: {
      count: names.length,
      nameHash: (index) => hashRange(names[index] ?? "", 0, names[index]?.length ?? 0),
    },
  };
}
