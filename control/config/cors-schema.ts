import { z } from "zod";
import { duration, list, methods, strict, token } from "./schema-parts.ts";

/** Origins of one route: each is compared with that of a request. */
const ORIGINS_MAX = 64;

/** Fields in one list. */
const FIELDS_MAX = 64;

/** How long browsers ask no second time. Chromium keeps to two hours, whatever it is told. */
const MAX_AGE_MS = 10 * 60 * 1_000;

const ORIGIN_WANTED =
  "an origin such as https://shop.example, https://*.shop.example or http://127.0.0.1:3000, or *";

/** As browsers write it (RFC 6454 section 6.2): in lower case, without path and default port. */
const origin = z
  .string({ error: ORIGIN_WANTED })
  .max(300, { error: ORIGIN_WANTED })
  .refine((value) => value === "*" || isOrigin(value), { error: ORIGIN_WANTED });

/** `cors`: which scripts of other sites may use a route. */
export const corsSchema = strict({
  origins: list(origin, ORIGINS_MAX).min(1, { error: "at least one origin" }),
  methods: methods.default(["GET", "HEAD", "POST"]),
  headers: list(token, FIELDS_MAX).default([]),
  exposed: list(token, FIELDS_MAX).default([]),
  credentials: z.boolean().default(false),
  maxAge: duration.default(MAX_AGE_MS),
})
  .refine(({ origins, credentials }) => !credentials || !origins.includes("*"), {
    path: ["origins"],
    error: "named origins beside credentials: browsers do not take * then",
  })
  .transform(({ maxAge, ...policy }) => ({ ...policy, maxAgeS: Math.floor(maxAge / 1_000) }));

function isOrigin(value: string): boolean {
  const plain = value.replace("://*.", "://");
  return /^https?:\/\/[^*]+$/.test(plain) && URL.parse(plain)?.origin === plain;
}
