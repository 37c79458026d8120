import { z } from "zod";
import { readHttpUrl } from "./http-url.ts";
import { durationFrom, name, named, strict, text, whole } from "./schema-parts.ts";

/** Hooks and metrics that the file names: each is something to ask again and again. */
const NAMED_MAX = 64;

const URL_WANTED = "an address such as https://ci.internal/gate, without user and password";

/** Where something is asked. Secrets are in files, and not in addresses, which logs show. */
const url = z
  .string({ error: URL_WANTED })
  .refine((value) => readHttpUrl(value) !== undefined, { error: URL_WANTED });

const timeout = durationFrom(100, "100ms").refine((ms) => ms <= 60_000, {
  error: "a duration of at most 60s",
});

const hook = strict({
  url,
  secretFile: text,
  timeout: timeout.prefault("10s"),
  retries: whole(0, 10).default(3),
});

const metric = z.union(
  [
    strict({
      prometheus: url,
      query: text,
      tokenFile: text.optional(),
      timeout: timeout.prefault("5s"),
    }),
    strict({
      json: url,
      pointer: z.string().regex(/^(?:\/[^/]*)*$/, { error: "a JSON pointer such as /data/rate" }),
      tokenFile: text.optional(),
      timeout: timeout.prefault("5s"),
    }),
  ],
  { error: "{ prometheus: URL, query: … } or { json: URL, pointer: /data/rate }" },
);

/** What rollouts may ask of others, by the names that they are asked for by. */
export const rolloutsSchema = strict({
  hooks: named(name, hook, NAMED_MAX).default({}),
  metrics: named(name, metric, NAMED_MAX).default({}),
}).prefault({});

/** Whom a rollout asks before it goes on, or tells that it has ended. */
export type HookConfig = z.output<typeof hook>;

/** Where a number is found that a rollout goes by. */
export type MetricConfig = z.output<typeof metric>;

/** All that rollouts may ask. */
export type RolloutsConfig = z.output<typeof rolloutsSchema>;
