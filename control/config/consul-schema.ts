import { z } from "zod";
import { readHttpUrl } from "./http-url.ts";
import {
  bindAddress,
  duration,
  durationFrom,
  list,
  matching,
  strict,
  text,
  whole,
} from "./schema-parts.ts";

/** Tags of a registration: Consul sends them with every answer about the service. */
const TAGS_MAX = 64;

/** Shorter waits of blocking queries would be polling. */
const WAIT_MIN_MS = 1_000;

/** Consul's own bound of a wait. */
const WAIT_MAX_MS = 600_000;

/** A Consul KV prefix: no slash at either end, so that keys can be put together from it. */
export const keyPrefix = matching(
  /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/,
  "a prefix of keys such as sluice or team/sluice",
);

/** It becomes a key of Consul's and a folder, hence no slash and no dot at its beginning. */
const sidecarName = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  "a name of at most 128 letters, digits, '.', '_' or '-', beginning with a letter or digit",
);

const httpUrl = z.string({ error: "an http:// or https:// URL" }).refine(isHttpUrl, {
  error: "an http:// or https:// URL without user, query or fragment",
});

/** What an agent's address may be, for errors. */
export const AGENT_WANTED =
  "an http:// or https:// URL without user, query or fragment, or unix:///run/consul.sock";

/** As Consul's own programs spell it; a socket file by its whole path. */
const agentAddress = z.string({ error: AGENT_WANTED }).refine(isAgentAddress, {
  error: AGENT_WANTED,
});

/** `${CONSUL_TOKEN:-}` gives an empty text when there is no token. */
const optionalText = z
  .string({ error: "a text" })
  .optional()
  .transform((value) => value || undefined);

const FLEET_ADDRESS_WANTED = "an http:// or https:// URL of a host and port, without a path";

/** How sidecars find and ask each other. */
const fleetSchema = strict({
  /** undefined: where the control API listens. */
  address: z
    .string({ error: FLEET_ADDRESS_WANTED })
    .refine(isOrigin, {
      error: FLEET_ADDRESS_WANTED,
    })
    .optional(),
  tokenFile: optionalText,
  tls: strict({ ca: text, cert: text.optional(), key: text.optional() })
    .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), {
      error: "cert and key together",
    })
    .optional(),
}).prefault({});

/** `consul`: how to reach Consul. */
export const consulSchema = strict({
  address: agentAddress.default("http://127.0.0.1:8500"),
  token: optionalText,
  tokenFile: optionalText,
  datacenter: optionalText,
  namespace: optionalText,
  partition: optionalText,
  tls: strict({
    ca: text.optional(),
    cert: text.optional(),
    key: text.optional(),
    serverName: text.optional(),
    insecure: z.boolean().default(false),
  })
    .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), {
      error: "cert and key together",
    })
    .optional(),
  wait: durationFrom(WAIT_MIN_MS, "1s")
    .refine((ms) => ms <= WAIT_MAX_MS, { error: "a duration of at most 10m" })
    .prefault("45s"),
  warningIsHealthy: z.boolean().default(false),
  connect: strict({ service: text }).optional(),
  sidecar: sidecarName.optional(),
  fleet: fleetSchema,
  copies: z
    .union([text, z.literal(false)], { error: "a folder, or false to keep none" })
    .default("sluice.copies"),
}).refine(({ token, tokenFile }) => token === undefined || tokenFile === undefined, {
  error: "token or tokenFile, not both",
});

const check = strict({
  http: httpUrl.optional(),
  tcp: bindAddress.optional(),
  ttl: durationFrom(1000, "1s").optional(),
  interval: durationFrom(1000, "1s").prefault("5s"),
  timeout: durationFrom(1, "1ms").prefault("2s"),
  deregisterCriticalAfter: duration.optional(),
})
  .refine(
    (read) => [read.http, read.tcp, read.ttl].filter((each) => each !== undefined).length === 1,
    {
      error: "one of http, tcp or ttl",
    },
  )
  .transform((read) => ({
    http: read.http,
    tcp: read.tcp,
    ttlMs: read.ttl,
    intervalMs: read.interval,
    timeoutMs: read.timeout,
    /** undefined: a critical registration stays. */
    deregisterCriticalAfterMs: read.deregisterCriticalAfter,
  }));

/** `register`: what this sidecar puts into Consul. */
export const registerSchema = strict({
  service: text,
  version: text.optional(),
  id: text.optional(),
  address: text.optional(),
  port: whole(1, 65_535),
  connectProxy: z.boolean().default(false),
  tags: list(text, TAGS_MAX).default([]),
  check: check.optional(),
});

function isHttpUrl(value: string): boolean {
  const url = readHttpUrl(value);
  return url !== undefined && url.search + url.hash === "";
}

function isOrigin(value: string): boolean {
  return isHttpUrl(value) && new URL(value).pathname === "/" && !value.endsWith("/");
}

/** Whether this is where an agent may be: see AGENT_WANTED. */
export function isAgentAddress(value: string): boolean {
  return /^unix:\/\/\/[^\0]+$/.test(value) || isHttpUrl(value);
}
