import { z } from "zod";
import { BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import {
  OBSERVED_ENDPOINTS_MAX,
  OBSERVED_ROUTES_MAX,
} from "../../proxy/metrics/second-counters.ts";
import type { ObservedSeconds } from "../../proxy/metrics/second-counts.ts";

/** Seconds in one answer: more than workers keep. */
const SECONDS_MAX = 60;

/** Longest address of an endpoint, as documents may hold it. */
const ADDRESS_LENGTH_MAX = 300;

const second = z.int().min(0);
const count = z.int().min(0);

const versionSchema = z.object({
  requests: count.describe("First attempts that ended"),
  failures: count.describe("Of them failed"),
  failingKeys: count.describe("Of as many clients"),
  latencies: z
    .array(z.tuple([z.int().min(0).lt(BUCKET_COUNT), count]).readonly())
    .max(BUCKET_COUNT)
    .readonly()
    .describe("Durations of attempts: [bucket, count]"),
  endpoints: z
    .array(z.tuple([z.string().max(ADDRESS_LENGTH_MAX), count, count]).readonly())
    .max(OBSERVED_ENDPOINTS_MAX + 1)
    .readonly()
    .describe("[address, attempts, failing clients]; *: all others; empty: at none"),
  routes: z
    .array(z.tuple([count, count]).readonly())
    .max(OBSERVED_ROUTES_MAX)
    .readonly()
    .optional()
    .describe("[attempts, failing clients], first of what no route matches; absent: no routes"),
});

/** What one sidecar has counted by the second, as the API tells it. */
export const secondsDocumentSchema = z.object({
  sidecar: z.string().optional().describe("Its name in its fleet; absent: it is in none"),
  versions: z.array(z.string()).readonly().describe("The old and the new version of the rollout"),
  sinceS: second.describe("The first second that is known, since the Unix epoch"),
  untilS: second.describe("The last whole one; those that are not listed are zeros"),
  seconds: z
    .array(z.object({ second, versions: z.array(versionSchema).length(2).readonly() }))
    .max(SECONDS_MAX)
    .readonly(),
});

/** What one sidecar has counted. */
export type SidecarSeconds = ObservedSeconds & {
  readonly sidecar: string | undefined;
  readonly versions: readonly string[];
};

/** Reads what another sidecar told. undefined: this is no such answer. */
export function readSeconds(answer: unknown): SidecarSeconds | undefined {
  const read = secondsDocumentSchema.safeParse(answer).data;
  return read && { ...read, sidecar: read.sidecar };
}
