import { z } from "zod";
import { readHttpUrl } from "./http-url.ts";
import { strict, text } from "./schema-parts.ts";

const ENDPOINT_WANTED = "an http:// or https:// URL without user, query or fragment";

const RATIO_WANTED = "a number from 0 to 1";

/** Of every hundred requests one, where nobody else decides. */
const RATIO_DEFAULT = 0.01;

/** `tracing`: how many requests are traced, and where their spans go. */
export const tracingSchema = strict({
  /** The base of an OTLP/HTTP receiver; `/v1/traces` follows it. */
  endpoint: z
    .string({ error: ENDPOINT_WANTED })
    .refine((value) => readHttpUrl(value) !== undefined && !/[?#]/.test(value), {
      error: ENDPOINT_WANTED,
    }),
  ratio: z
    .number({ error: RATIO_WANTED })
    .min(0, { error: RATIO_WANTED })
    .max(1, { error: RATIO_WANTED })
    .default(RATIO_DEFAULT),
  /** `service.name` of our own spans. */
  serviceName: text.default("sluice"),
});

/** What is traced, and who is told. */
export type TracingSpec = z.output<typeof tracingSchema>;
