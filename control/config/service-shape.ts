import { z } from "zod";
import { WEIGHT_MAX } from "../../proxy/table/snapshot.ts";
import { TOLERANCES } from "../../proxy/table/tolerance.ts";
import { filterSchema } from "./filter-schema.ts";
import { grpcSchema } from "./grpc-schema.ts";
import { healthCheckSchema } from "./health-check-schema.ts";
import { drain, ejection, keepAlive, limits, policyShape } from "./policy-schema.ts";
import { rateLimitSchema } from "./rate-limit-schema.ts";
import { routeSchema } from "./route-schema.ts";
import {
  cookieDomain,
  duration,
  endpointAddress,
  hostPattern,
  list,
  matching,
  methods,
  name,
  named,
  strict,
  text,
  token,
  whole,
} from "./schema-parts.ts";
import { upstreamSchema } from "./tls-schema.ts";

/** Each host is an entry of every worker's index. */
const HOSTS_MAX = 256;

/** Versions alive at once; each is a set of metric labels. */
export const VERSIONS_MAX = 64;

/** Endpoints of one version; each has a pool of connections in every worker. */
export const ENDPOINTS_MAX = 4096;

/** Routes of one service. */
export const ROUTES_MAX = 4096;

/** Filters of one service: each sees every request, and is a set of metric labels. */
const FILTERS_MAX = 16;

const state = z.enum(["ready", "drain", "maint"]);

/** A cookie's Path as it must be sent (RFC 6265 section 4.1.1): a `;` would end it. */
const cookiePath = matching(
  /^\/[!-:<-~]{0,1023}$/,
  "a path that begins with /, without ; or blanks",
);

const cookieAge = duration.refine((ms) => ms % 1_000 === 0, {
  error: "a duration of whole seconds, such as 24h",
});

/** How the cookies look that go with `affinity.cookie`; each only beside it. */
const cookieShape = {
  set: z.boolean().optional(),
  path: cookiePath.optional(),
  domain: cookieDomain.optional(),
  maxAge: cookieAge.optional(),
  secure: z.boolean().optional(),
  sameSite: z.enum(["Strict", "Lax", "None"]).optional(),
  onCacheable: z.boolean().optional(),
};

const affinity = strict({
  cookie: token.optional(),
  header: token.optional(),
  query: text.optional(),
  clientIp: z.literal(true, { error: "true" }).optional(),
  ...cookieShape,
});

const endpoint = z.union(
  [endpointAddress, strict({ address: endpointAddress, weight: whole(1, 65_535).default(1) })],
  {
    error: "an address such as 10.0.0.5:3000 or { address, weight: 1 to 65535 }",
  },
);

/** Each execution asks a server, and may ask those of other datacenters. */
const POLL_MIN_MS = 1_000;

/** So long may a change stay unnoticed, as where a connection dies. */
const POLL_MAX_MS = 60_000;

const poll = duration.refine((ms) => ms >= POLL_MIN_MS && ms <= POLL_MAX_MS, {
  error: "a duration from 1s to 60s",
});

const selector = strict({
  service: text.optional(),
  query: text.optional(),
  poll: poll.optional(),
  datacenter: text.optional(),
  version: text.optional(),
  tag: text.optional(),
  filter: text.optional(),
});

/** Formats of state that a version reads: those of its past, and the next one. */
export const FORMATS_MAX = 64;

/** The highest of them; the lowest is 1. */
export const FORMAT_MAX = 1_000_000;

/** Services that one version needs. */
export const REQUIRES_MAX = 64;

const format = whole(1, FORMAT_MAX);

const REQUIRED_WANTED = "a version's number such as 3.1, or >=3";

const compat = strict({
  reads: list(format, FORMATS_MAX).optional(),
  writes: format.optional(),
  requires: named(
    name,
    matching(/^(?:>=)?\d{1,9}(?:\.\d{1,9}){0,3}$/, REQUIRED_WANTED),
    REQUIRES_MAX,
  ).optional(),
});

const version = strict({
  weight: whole(0, WEIGHT_MAX).optional(),
  state: state.default("ready"),
  endpoints: list(endpoint, ENDPOINTS_MAX).optional(),
  consul: selector.optional(),
  endpointStates: named(z.string(), state, ENDPOINTS_MAX).optional(),
  compat: compat.optional(),
});

/** How endpoints of a version are chosen; affinity: by the key of a request, if it has one. */
const BALANCES = ["p2c", "leastRequest", "roundRobin", "affinity"] as const;

/** How a rollout begins by itself. */
const rolloutOnSchema = strict({
  on: z.enum(["newVersion"], { error: "newVersion" }),
  preset: z
    .enum(["careful", "standard", "fast"], { error: "one of careful, standard, fast" })
    .optional(),
  strategy: z.enum(["canary", "blueGreen"], { error: "one of canary, blueGreen" }).optional(),
});

/** A service, each value by itself. See serviceSchema for how they must fit together. */
export const serviceShape = strict({
  kind: z.enum(["http", "tcp"]).default("http"),
  hosts: list(hostPattern, HOSTS_MAX).min(1, { error: "at least one host" }).optional(),
  stable: name.optional(),
  salt: text.optional(),
  affinity: affinity.optional(),
  balance: z
    .enum(BALANCES, { error: "one of p2c, leastRequest, roundRobin, affinity" })
    .default("p2c"),
  versions: named(name, version, VERSIONS_MAX),
  rollout: rolloutOnSchema.optional(),
  routes: list(routeSchema, ROUTES_MAX).default([]),
  filters: list(filterSchema, FILTERS_MAX).default([]),
  ...policyShape,
  limits,
  ejection,
  keepAlive,
  healthCheck: healthCheckSchema.optional(),
  slowStart: duration.prefault("0s"),
  drain,
  onShift: z.enum(["keep", "migrate"]).default("keep"),
  consul: strict({ splitter: z.enum(["follow", "publish"]) }).optional(),
  methods: methods.default([]),
  tolerate: list(z.enum(TOLERANCES), TOLERANCES.length).default([]),
  via: z.enum(["off", "request", "both"]).default("off"),
  debug: z.boolean().default(false),
  upstream: upstreamSchema.optional(),
  grpc: grpcSchema,
  rateLimit: rateLimitSchema.optional(),
});

/** A service whose values are read, before they are checked against each other. */
export type ReadService = z.output<typeof serviceShape>;

/** A version of it. */
export type ReadVersion = ReadService["versions"][string];
