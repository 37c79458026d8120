import { z } from "zod";
import { WEIGHT_MAX } from "../../proxy/table/snapshot.ts";
import type { AffinitySnapshot, State } from "../../proxy/table/snapshot.ts";
import { canonicalEndpoint } from "./address.ts";
import { filterSchema } from "./filter-schema.ts";
import {
  DEFAULT_POLICY,
  drain,
  ejection,
  healthCheck,
  limits,
  mergePolicy,
  policyShape,
} from "./policy-schema.ts";
import { routeSchema, toRoute } from "./route-schema.ts";
import { duration, endpointAddress, hostPattern, list, name, named } from "./schema-parts.ts";
import { notYet, strict, text, token, whole } from "./schema-parts.ts";
import { checkService } from "./service-checks.ts";
import type { EndpointSource, Service, ServiceVersion } from "./service.ts";

/** Each host is an entry of every worker's index. */
const HOSTS_MAX = 256;

/** Versions alive at once; each is a set of metric labels. */
const VERSIONS_MAX = 64;

/** Endpoints of one version; each has a pool of connections in every worker. */
const ENDPOINTS_MAX = 4096;

/** Routes of one service. */
const ROUTES_MAX = 4096;

/** Filters of one service: each sees every request, and is a set of metric labels. */
const FILTERS_MAX = 16;

const state = z.enum(["ready", "drain", "maint"]);

const affinity = strict({
  cookie: token.optional(),
  header: token.optional(),
  query: text.optional(),
  clientIp: z.literal(true, { error: "true" }).optional(),
  set: z.boolean().optional(),
});

const endpoint = z.union(
  [endpointAddress, strict({ address: endpointAddress, weight: whole(1, 65_535) })],
  {
    error: "an address such as 10.0.0.5:3000 or { address, weight: 1 to 65535 }",
  },
);

const selector = strict({
  service: text,
  version: text.optional(),
  tag: text.optional(),
  filter: text.optional(),
});

const version = strict({
  weight: whole(0, WEIGHT_MAX).optional(),
  state: state.default("ready"),
  endpoints: list(endpoint, ENDPOINTS_MAX).optional(),
  consul: selector.optional(),
  endpointStates: named(z.string(), state, ENDPOINTS_MAX).optional(),
});

const document = strict({
  hosts: list(hostPattern, HOSTS_MAX).min(1, { error: "at least one host" }).optional(),
  stable: name.optional(),
  salt: text.optional(),
  affinity: affinity.optional(),
  versions: named(name, version, VERSIONS_MAX),
  routes: list(routeSchema, ROUTES_MAX).default([]),
  filters: list(filterSchema, FILTERS_MAX).default([]),
  ...policyShape,
  limits,
  ejection,
  healthCheck: healthCheck.optional(),
  slowStart: duration.prefault("0s"),
  drain,
  onShift: z.enum(["keep", "migrate"]).default("keep"),
  mirror: notYet("mirror"),
  consul: strict({ splitter: z.enum(["follow", "publish"]) }).optional(),
  debug: z.boolean().default(false),
});

/** A service whose values are read, before they are checked against each other. */
export type ReadService = z.output<typeof document>;

/** A version of it. */
export type ReadVersion = ReadService["versions"][string];

/** Reads a service as people write it, in `sluice.yaml` or in the body of a PUT. */
export const serviceSchema = document
  .superRefine((read, context) => {
    for (const { path, wanted, found } of checkService(read)) {
      context.addIssue({
        code: "custom",
        // Else toService is given what has just been refused.
        continue: false,
        path: [...path],
        message: wanted,
        params: { found },
      });
    }
  })
  .transform(toService);

/** A service exactly as people write it: durations as `5s`, sizes as `64KiB`, defaults left out. */
export type ServiceDocument = z.input<typeof serviceSchema>;

function toService(read: ReadService): Service {
  const policy = mergePolicy(DEFAULT_POLICY, read);
  const names = Object.keys(read.versions);
  return {
    hosts: read.hosts,
    stable: read.stable ?? (names[0] as string),
    salt: read.salt,
    affinity: toAffinity(read.affinity),
    versions: Object.entries(read.versions).map(([each, value]) => toVersion(each, value)),
    routes: read.routes.map((route) => toRoute(route, policy)),
    filters: read.filters,
    policy,
    limits: read.limits,
    ejection: read.ejection,
    healthCheck: read.healthCheck,
    slowStartMs: read.slowStart,
    drain: read.drain,
    onShift: read.onShift,
    splitter: read.consul?.splitter,
    debug: read.debug,
  };
}

function toAffinity(read: ReadService["affinity"]): AffinitySnapshot | undefined {
  if (read?.cookie !== undefined) {
    return { kind: "cookie", name: read.cookie, set: read.set ?? true };
  }
  if (read?.header !== undefined) return { kind: "header", name: read.header.toLowerCase() };
  if (read?.query !== undefined) return { kind: "query", name: read.query };
  return read === undefined ? undefined : { kind: "clientIp" };
}

function toVersion(versionName: string, read: ReadVersion): ServiceVersion {
  return {
    name: versionName,
    // Only a version that stands alone may leave its weight out: see checkService.
    weight: read.weight ?? 1,
    state: read.state,
    source: toSource(read),
    endpointStates: toEndpointStates(read.endpointStates ?? {}),
  };
}

function toSource(read: ReadVersion): EndpointSource {
  if (read.consul !== undefined) return { kind: "consul", selector: read.consul };
  const endpoints = (read.endpoints ?? []).map((each) =>
    typeof each === "string" ? { address: each, weight: 1 } : each,
  );
  return { kind: "static", endpoints };
}

function toEndpointStates(read: Readonly<Record<string, State>>): ReadonlyMap<string, State> {
  return new Map(
    Object.entries(read).map(([address, each]) => [canonicalEndpoint(address) ?? address, each]),
  );
}
