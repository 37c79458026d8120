import type { Compatibility } from "../../proxy/table/compatibility.ts";
import { z } from "zod";
import type { AffinitySnapshot, State } from "../../proxy/table/snapshot.ts";
import { canonicalEndpoint } from "./address.ts";
import { DEFAULT_POLICY, mergePolicy } from "./policy-schema.ts";
import { toRoute } from "./route-schema.ts";
import { checkService } from "./service-checks.ts";
import { serviceShape } from "./service-shape.ts";
import type { ReadService, ReadVersion } from "./service-shape.ts";
import type {
  ConsulSelector,
  EndpointSource,
  HealthCheck,
  Service,
  ServiceVersion,
} from "./service.ts";
import { foreignKeys } from "./tcp-keys.ts";
import { toServiceTls } from "./tls-schema.ts";

const checkedService = serviceShape
  .superRefine((read, context) => {
    for (const { path, wanted, found } of checkService(read)) {
      context.addIssue({
        code: "custom",
        // Otherwise toService would get what has just been refused.
        continue: false,
        path: [...path],
        message: wanted,
        params: { found },
      });
    }
  })
  .transform(toService);

/** A service exactly as people write it: durations as `5s`, sizes as `64KiB`, defaults left out. */
export type ServiceDocument = z.input<typeof checkedService>;

/** Reads a service as people write it, in `sluice.yaml` or in the body of a PUT. */
export const serviceSchema = z.preprocess((document: ServiceDocument, context) => {
  // Afterwards a key that was left out looks like one with its default.
  for (const { path, wanted, found } of foreignKeys(document)) {
    context.addIssue({ code: "custom", path: [...path], message: wanted, params: { found } });
  }
  return document;
}, checkedService);

function toService(read: ReadService): Service {
  const policy = mergePolicy(DEFAULT_POLICY, read);
  const names = Object.keys(read.versions);
  return {
    hosts: read.hosts,
    stable: read.stable ?? (names[0] as string),
    salt: read.salt,
    affinity: toAffinity(read),
    // Requests without a key go as by default.
    balance: read.balance === "affinity" ? "p2c" : read.balance,
    versions: Object.entries(read.versions).map(([each, value]) =>
      toVersion(each, value, read.upstream?.connect),
    ),
    routes: read.routes.map((route) => toRoute(route, policy)),
    filters: read.filters,
    policy,
    limits: read.limits,
    ejection: read.ejection,
    keepAlive: read.keepAlive,
    healthCheck: toHealthCheck(read),
    slowStartMs: read.slowStart,
    drain: read.drain,
    onShift: read.onShift,
    splitter: read.consul?.splitter,
    methods: read.methods,
    tolerate: read.tolerate,
    via: read.via,
    debug: read.debug,
    upstreamTls: toServiceTls(read.upstream),
    tcp: read.kind === "tcp" ? { proxyProtocol: read.upstream?.proxyProtocol } : undefined,
    protocol: read.upstream?.protocol ?? "http/1.1",
    grpc: read.grpc,
    rateLimit: read.rateLimit,
    automatic: read.rollout && { preset: read.rollout.preset, strategy: read.rollout.strategy },
  };
}

/** Whoever wants the PROXY protocol wants it of a check too. */
function toHealthCheck({ healthCheck, upstream }: ReadService): HealthCheck | undefined {
  const proxyProtocol = upstream?.proxyProtocol;
  if (healthCheck?.question.kind !== "tcp" || proxyProtocol === undefined) return healthCheck;
  return { ...healthCheck, question: { ...healthCheck.question, proxyProtocol } };
}

/** How long a cookie of ours lasts: a day, as with Flagger. */
const COOKIE_AGE_S = 24 * 60 * 60;

function toAffinity({ affinity, balance }: ReadService): AffinitySnapshot | undefined {
  const source = affinitySource(affinity);
  return source && balance === "affinity" ? { ...source, toEndpoint: true } : source;
}

function affinitySource(read: ReadService["affinity"]): AffinitySnapshot | undefined {
  if (read?.cookie !== undefined) {
    return {
      kind: "cookie",
      name: read.cookie,
      set: read.set ?? true,
      path: read.path ?? "/",
      domain: read.domain,
      maxAgeS: read.maxAge === undefined ? COOKIE_AGE_S : read.maxAge / 1_000,
      secure: read.secure ?? false,
      sameSite: read.sameSite ?? "Lax",
      onCacheable: read.onCacheable ?? false,
    };
  }
  if (read?.header !== undefined) return { kind: "header", name: read.header.toLowerCase() };
  if (read?.query !== undefined) return { kind: "query", name: read.query };
  return read === undefined ? undefined : { kind: "clientIp" };
}

function toVersion(
  versionName: string,
  read: ReadVersion,
  connect: true | undefined,
): ServiceVersion {
  return {
    name: versionName,
    // Only a version that stands alone may leave its weight out: see checkService.
    weight: read.weight ?? 1,
    state: read.state,
    source: toSource(read, connect),
    endpointStates: toEndpointStates(read.endpointStates ?? {}),
    ...(read.compat && { compat: toCompatibility(read.compat) }),
  };
}

function toCompatibility({
  writes,
  // What it writes it reads.
  reads = writes === undefined ? [] : [writes],
  requires = {},
}: NonNullable<ReadVersion["compat"]>): Compatibility {
  return { reads, writes, requires };
}

function toSource(read: ReadVersion, connect: true | undefined): EndpointSource {
  if (read.consul !== undefined) {
    const selector = toSelector(read.consul);
    return { kind: "consul", selector: connect ? { ...selector, connect } : selector };
  }
  const endpoints = (read.endpoints ?? []).map((each) =>
    typeof each === "string" ? { address: each, weight: 1 } : each,
  );
  return { kind: "static", endpoints };
}

/** How often a prepared query is executed. */
const POLL_MS = 10_000;

function toSelector({
  service = "",
  filter,
  query,
  poll: pollMs = POLL_MS,
  ...chosen
}: NonNullable<ReadVersion["consul"]>): ConsulSelector {
  // One of the two is given: see checkService.
  return query === undefined ? { service, filter, ...chosen } : { query, pollMs, ...chosen };
}

function toEndpointStates(read: Readonly<Record<string, State>>): ReadonlyMap<string, State> {
  return new Map(
    Object.entries(read).map(([address, each]) => [canonicalEndpoint(address) ?? address, each]),
  );
}
