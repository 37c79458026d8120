import { z } from "zod";
import type { Policy, RetryCause, RetryPolicy } from "../../proxy/table/snapshot.ts";
import type { DrainPolicy } from "./service.ts";
import { isOwnField } from "../../proxy/table/own-fields.ts";
import { mirrorSchema } from "./mirror-schema.ts";
import { duration, durationFrom, list, size, strict, token, whole } from "./schema-parts.ts";

/** Most further attempts of one request: beyond these, the retries are the outage. */
const ATTEMPTS_MAX = 10;

/**
 * Most connections or requests of one version in one worker: more than a process has file
 * descriptors.
 */
const LIMIT_MAX = 1_000_000;

/** Failures or successes in a row that a policy may wait for. */
export const IN_A_ROW_MAX = 1_000;

const CAUSES_WANTED = "one of connect, reset-before-response, 503, timeout, grpc-unavailable";

/** Each of them once. */
const CAUSES_MAX = 5;

/** YAML reads 503 as a number, so both ways of writing it are accepted. */
const retryCause = z
  .union(
    [
      z.enum(["connect", "reset-before-response", "503", "timeout", "grpc-unavailable"]),
      z.literal(503),
    ],
    { error: CAUSES_WANTED },
  )
  .transform((cause): RetryCause => (cause === 503 ? "503" : cause));

const retries = strict({
  attempts: whole(0, ATTEMPTS_MAX).optional(),
  on: list(retryCause, CAUSES_MAX).optional(),
  across: z.enum(["never", "stable-only", "any"]).optional(),
  budget: strict({
    percent: whole(0, 100).optional(),
    min: whole(0, LIMIT_MAX).optional(),
  }).optional(),
});

/** Most of a request that may be kept, and of an answer: what is larger is for streaming. */
const BUFFERED_REQUEST_MAX = 16 * 1024 * 1024;
const BUFFERED_RESPONSE_MAX = 64 * 1024 * 1024;

const buffer = strict({
  request: size
    .refine((bytes) => bytes <= BUFFERED_REQUEST_MAX, { error: "a size of at most 16MiB" })
    .optional(),
  response: size
    .refine((bytes) => bytes <= BUFFERED_RESPONSE_MAX, { error: "a size of at most 64MiB" })
    .optional(),
});

const deadlineField = token.refine((name) => !isOwnField(name), {
  error: "the name of a field that Sluice does not write itself",
});

const hedge = strict({
  after: z
    .union([z.literal("p95"), durationFrom(1, "1ms")], { error: "p95 or a duration such as 50ms" })
    .default("p95"),
}).transform(({ after }) => ({ afterMs: after === "p95" ? undefined : after }));

/** The keys of a policy that a route may set for itself; what is absent is inherited. */
export const policyOverrideShape = {
  timeout: duration.optional(),
  connectTimeout: duration.optional(),
  idleTimeout: duration.optional(),
  tunnelIdleTimeout: duration.optional(),
  responseTimeout: duration.optional(),
  halfCloseGrace: duration.optional(),
  stallTimeout: duration.optional(),
  maxBody: size.optional(),
  retries: retries.optional(),
  buffer: buffer.optional(),
  hedge: z.union([z.literal(false), hedge], { error: "an object or false" }).optional(),
  deadlineField: deadlineField.optional(),
  mirror: z.union([z.literal(false), mirrorSchema], { error: "an object or false" }).optional(),
};

/**
 * The keys of a service's policy. headTimeout is not for routes: a head is read before its route is
 * known.
 */
export const policyShape = { ...policyOverrideShape, headTimeout: duration.optional() };

/** What applies if neither the service nor the route says anything. */
export const DEFAULT_POLICY: Policy = {
  timeoutMs: 0,
  connectTimeoutMs: 1_000,
  // Above the 60 s of common balancers: whoever sends requests should be the one who closes.
  idleTimeoutMs: 75_000,
  tunnelIdleTimeoutMs: 3_600_000,
  headTimeoutMs: 10_000,
  responseTimeoutMs: 30_000,
  halfCloseGraceMs: 1_000,
  stallTimeoutMs: 30_000,
  maxBodyBytes: 0,
  retries: {
    attempts: 1,
    on: ["connect", "reset-before-response"],
    across: "stable-only",
    budgetPercent: 20,
    budgetMin: 3,
  },
  buffer: { requestBytes: 0, responseBytes: 0 },
};

const policyOverride = strict(policyShape);

/** What a service or route says about its policy, read but not yet filled. */
export type PolicyOverride = z.output<typeof policyOverride>;

/** `base`, except for what `override` says. */
export function mergePolicy(base: Policy, override: PolicyOverride): Policy {
  const deadline = override.deadlineField?.toLowerCase() ?? base.deadlineField;
  return {
    timeoutMs: override.timeout ?? base.timeoutMs,
    connectTimeoutMs: override.connectTimeout ?? base.connectTimeoutMs,
    idleTimeoutMs: override.idleTimeout ?? base.idleTimeoutMs,
    tunnelIdleTimeoutMs: override.tunnelIdleTimeout ?? base.tunnelIdleTimeoutMs,
    headTimeoutMs: override.headTimeout ?? base.headTimeoutMs,
    responseTimeoutMs: override.responseTimeout ?? base.responseTimeoutMs,
    halfCloseGraceMs: override.halfCloseGrace ?? base.halfCloseGraceMs,
    stallTimeoutMs: override.stallTimeout ?? base.stallTimeoutMs,
    maxBodyBytes: override.maxBody ?? base.maxBodyBytes,
    retries: mergeRetries(base.retries, override.retries),
    ...ownOr("hedge", override.hedge, base.hedge),
    ...ownOr("mirror", override.mirror, base.mirror),
    ...(deadline !== undefined && { deadlineField: deadline }),
    buffer: {
      requestBytes: override.buffer?.request ?? base.buffer?.requestBytes ?? 0,
      responseBytes: override.buffer?.response ?? base.buffer?.responseBytes ?? 0,
    },
  };
}

/** A key with its own value, else that of the service. false: none, whatever that has. */
function ownOr<Key extends "hedge" | "mirror">(
  key: Key,
  own: Policy[Key] | false,
  base: Policy[Key],
): Partial<Policy> {
  const found = own === undefined ? base : own;
  return found === undefined || found === false ? {} : { [key]: found };
}

function mergeRetries(base: RetryPolicy, override: PolicyOverride["retries"]): RetryPolicy {
  if (override === undefined) return base;
  return {
    attempts: override.attempts ?? base.attempts,
    on: override.on ?? base.on,
    across: override.across ?? base.across,
    budgetPercent: override.budget?.percent ?? base.budgetPercent,
    budgetMin: override.budget?.min ?? base.budgetMin,
  };
}

/** `limits`: bounds of one version in one worker. */
export const limits = strict({
  connections: whole(0, LIMIT_MAX).default(1024),
  pending: whole(0, LIMIT_MAX).default(1024),
  inFlight: whole(0, LIMIT_MAX).default(1024),
  tunnels: whole(0, LIMIT_MAX).default(1024),
  // As many as every server should take (RFC 9113 section 6.5.2).
  streams: whole(1, LIMIT_MAX).default(100),
  pendingTimeout: duration.prefault("0s"),
  adaptive: z.boolean().default(false),
})
  .prefault({})
  .transform(({ pendingTimeout, ...read }) => ({ ...read, pendingTimeoutMs: pendingTimeout }));

/** `ejection`: endpoints out for a time because of their own failures. */
export const ejection = strict({
  consecutive: whole(0, IN_A_ROW_MAX).default(5),
  baseTime: durationFrom(1, "1ms").prefault("30s"),
  maxTime: durationFrom(1, "1ms").prefault("300s"),
  maxPercent: whole(0, 100).default(50),
  failurePercent: whole(0, 100).default(25),
  window: durationFrom(1_000, "1s").prefault("10s"),
  samples: whole(1, LIMIT_MAX).default(20),
  panicPercent: whole(0, 100).default(50),
})
  .prefault({})
  .refine((value) => value.maxTime >= value.baseTime, {
    path: ["maxTime"],
    error: "a duration of at least baseTime (default: 300s)",
  })
  .transform(({ baseTime, maxTime, window, ...read }) => ({
    ...read,
    baseTimeMs: baseTime,
    maxTimeMs: maxTime,
    windowMs: window,
  }));

/** `keepAlive`: how connections to endpoints are used again. */
export const keepAlive = strict({
  idle: durationFrom(1, "1ms").optional(),
  requests: whole(0, LIMIT_MAX).default(0),
  age: duration.prefault("0s"),
  off: z.boolean().default(false),
  // Servers of gRPC end connections that ask more often than every 5 minutes.
  ping: duration.prefault("6m"),
})
  .prefault({})
  .transform(({ idle, requests, age, off, ping }) => ({
    idleMs: idle,
    requests,
    ageMs: age,
    off,
    pingMs: ping,
  }));

/** Default of `drain.soft`, where `hard` is not shorter. */
const DRAIN_SOFT_MS = 60_000;

const drainShape = {
  soft: duration.optional(),
  hard: duration.prefault("90s"),
  connectionsPerSecond: whole(1, 100_000).default(100),
};

type ReadDrain = {
  readonly soft?: number | undefined;
  readonly hard: number;
  readonly connectionsPerSecond: number;
};

const HARD_AFTER_SOFT = {
  path: ["hard"],
  error: "a duration of at least soft (default: 90s)",
};

/** `drain` of a service: how to end the connections of a version that traffic has left. */
export const drain = strict(drainShape)
  .prefault({})
  .refine(isHardAfterSoft, HARD_AFTER_SOFT)
  .transform(toDrainPolicy);

/**
 * `drain` of the sidecar: how long it accepts after readyz fails, and how it then ends connections.
 */
export const sidecarDrain = strict({ acceptFor: duration.prefault("5s"), ...drainShape })
  .prefault({})
  .refine(isHardAfterSoft, HARD_AFTER_SOFT)
  .transform((read) => ({ acceptForMs: read.acceptFor, ...toDrainPolicy(read) }));

function isHardAfterSoft({ soft, hard }: ReadDrain): boolean {
  return soft === undefined || hard >= soft;
}

function toDrainPolicy({ soft, hard, connectionsPerSecond }: ReadDrain): DrainPolicy {
  return { softMs: soft ?? Math.min(DRAIN_SOFT_MS, hard), hardMs: hard, connectionsPerSecond };
}
