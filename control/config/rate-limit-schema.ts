import { z } from "zod";
import type { KeySource, RateLimitSnapshot } from "../../proxy/table/rate-limit.ts";
import { duration, strict, text, token, whole } from "./schema-parts.ts";

/** Keys that one limit remembers, in each worker: some tens of bytes each. */
const KEYS_MAX = 1_000_000;

const REQUESTS_MAX = 1_000_000_000;

/** A window longer than a day would outlast most workers. */
const PER_MS_MAX = 24 * 60 * 60 * 1_000;

const PER_WANTED = "a duration of whole seconds from 1s to 24h";

const by = strict({
  header: token.optional(),
  cookie: token.optional(),
  query: text.optional(),
  clientIp: z.literal(true, { error: "true" }).optional(),
}).refine((read) => Object.values(read).filter((value) => value !== undefined).length === 1, {
  error: "one of header, cookie, query or clientIp",
});

/** `rateLimit` of a service or route. */
export const rateLimitSchema = strict({
  requests: whole(1, REQUESTS_MAX),
  per: duration
    .refine((ms) => ms >= 1_000 && ms <= PER_MS_MAX && ms % 1_000 === 0, { error: PER_WANTED })
    .default(1_000),
  by: by.optional(),
  keys: whole(1, KEYS_MAX).default(10_000),
}).transform((read): RateLimitSnapshot => ({
  requests: read.requests,
  perS: read.per / 1_000,
  by: read.by && sourceOf(read.by),
  keysMax: read.keys,
}));

function sourceOf({ header, cookie, query }: z.output<typeof by>): KeySource {
  if (header !== undefined) return { kind: "header", name: header.toLowerCase() };
  if (cookie !== undefined) return { kind: "cookie", name: cookie };
  return query === undefined ? { kind: "clientIp" } : { kind: "query", name: query };
}
