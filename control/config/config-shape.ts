import { z } from "zod";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import { LOG_LEVELS } from "../../proxy/base/log-level.ts";
import { accessLogSchema } from "./access-log-schema.ts";
import { isAddressRange } from "./address.ts";
import { controlSchema, metricsSchema } from "./control-schema.ts";
import { consulSchema, keyPrefix, registerSchema } from "./consul-schema.ts";
import { PUBLIC_KEY_WANTED, publicKeyBytes } from "./public-key.ts";
import { sidecarDrain } from "./policy-schema.ts";
import {
  bindAddress,
  hostPattern,
  list,
  name,
  named,
  strict,
  text,
  whole,
} from "./schema-parts.ts";
import { floorSchema } from "./floor.ts";
import { rolloutsSchema } from "./rollouts-schema.ts";
import { serviceSchema } from "./service-schema.ts";
import { tracingSchema } from "./tracing-schema.ts";
import { listenerTlsFiles, listenerTlsSchema, toListenerTls } from "./tls-schema.ts";
import type { ListenerFiles } from "./tls-files.ts";

/** Each listener is a socket in the primary. */
const LISTENERS_MAX = 64;

/** More workers than this exceed one machine's processors. */
const WORKERS_MAX = 64;

/** Client connections of one listener in one worker: the limit of open files of most systems. */
const CONNECTIONS_MAX = 1_000_000;

/**
 * Services of one table, and so of one file: each is an entry of every worker's index and a set of
 * metric labels.
 */
export const SERVICES_MAX = 16_384;

/** Keys that tables may be signed with: one for each that writes, twice while they rotate. */
const TRUSTED_KEYS_MAX = 64;

/** Ranges of a listener: each is compared with every peer. */
const RANGES_MAX = 64;

const PEER_WANTED = "an address range such as 10.0.0.0/8, or unix";

/** `unix`: whoever comes by a Unix socket, whose file says who may. */
const trustedPeer = z
  .string({ error: PEER_WANTED })
  .refine((peer) => peer === "unix" || isAddressRange(peer), { error: PEER_WANTED });

const publicKey = z
  .string({ error: PUBLIC_KEY_WANTED })
  .refine((written) => publicKeyBytes(written) !== undefined, { error: PUBLIC_KEY_WANTED });

/** Names of one listener: each is looked up for every new connection. */
const SNI_MAX = 1_024;

const tcp = z.union(
  [
    name,
    strict({
      sni: named(hostPattern, name, SNI_MAX).refine((names) => Object.keys(names).length > 0, {
        error: "at least one name",
      }),
      default: name.optional(),
    }),
  ],
  { error: "the name of a service, or { sni: { HOST: SERVICE }, default: SERVICE }" },
);

const PROTOCOLS = ["h2", "http/1.1"] as const;

const protocolList = list(z.enum(PROTOCOLS), PROTOCOLS.length)
  .min(1, { error: "at least one protocol" })
  .refine((names) => new Set(names).size === names.length, { error: "each protocol once" });

const listener = strict({
  bind: bindAddress,
  service: name.optional(),
  tcp: tcp.optional(),
  trustedPeers: list(trustedPeer, RANGES_MAX).default([]),
  proxyProtocol: z.boolean().default(false),
  protocols: protocolList.optional(),
  connectionsMax: whole(1, CONNECTIONS_MAX).default(10_000),
  tls: listenerTlsSchema.optional(),
}).superRefine((read, context) => {
  if (read.tcp === undefined) return;
  const refuse = (path: string[], message: string, found: string): void =>
    context.addIssue({ code: "custom", path, message, params: { found } });
  if (read.service !== undefined) {
    refuse(["service"], "either tcp or service", `${read.service} beside tcp`);
  }
  if (read.protocols !== undefined) {
    refuse(["protocols"], "none beside tcp, which passes on any", read.protocols.join(", "));
  }
  if (read.tls?.forwardClientCert === "set") {
    refuse(["tls", "forwardClientCert"], "off beside tcp, which forwards no fields", "set");
  }
});

type ReadListener = z.output<typeof listener>;

const store = z
  .discriminatedUnion("kind", [
    strict({ kind: z.literal("memory") }),
    strict({ kind: z.literal("file"), path: text }),
    strict({
      kind: z.literal("consul"),
      prefix: keyPrefix.default("sluice"),
      /** Whose tables are followed. Empty: everybody's. */
      trust: list(publicKey, TRUSTED_KEYS_MAX).default([]),
      /** A file; undefined: tables are written unsigned. */
      signingKey: text.optional(),
    }),
  ])
  .prefault({ kind: "memory" });

const logSchema = strict({
  level: z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(", ")}` }).default("info"),
}).prefault({});

const services = named(name, serviceSchema, SERVICES_MAX).default({});

/** A whole `sluice.yaml`, each value by itself. See configSchema for how they must fit together. */
export const configShape = strict({
  listeners: list(listener, LISTENERS_MAX).min(1, { error: "at least one listener" }),
  control: controlSchema,
  metrics: metricsSchema.optional(),
  accessLog: accessLogSchema.optional(),
  tracing: tracingSchema.optional(),
  log: logSchema,
  workers: whole(1, WORKERS_MAX).default(1),
  store,
  drain: sidecarDrain,
  releases: text.optional(),
  consul: consulSchema.optional(),
  register: registerSchema.optional(),
  require: floorSchema,
  rollouts: rolloutsSchema,
  services,
}).transform(({ listeners, ...others }) => ({
  ...others,
  listeners: listeners.map(toListener),
  /** The files that TLS of the listeners is made of. */
  listenerFiles: listeners.flatMap(filesOf),
}));

/** A configuration whose values are read, before they are checked against each other. */
export type ReadConfig = z.output<typeof configShape>;

function toListener({ tls, tcp: to, ...read }: ReadListener): ListenerSnapshot {
  const { bind, trustedPeers, proxyProtocol, protocols = PROTOCOLS, connectionsMax } = read;
  const rest = { trustedPeers, proxyProtocol, protocols, connectionsMax };
  const shown = { ...rest, tls: tls === undefined ? undefined : toListenerTls(tls) };
  if (to === undefined) return { bind, service: read.service, ...shown };
  if (typeof to === "string") return { bind, service: to, ...shown, tcp: { sni: undefined } };
  return { bind, service: to.default, ...shown, tcp: { sni: to.sni } };
}

function filesOf({ bind, tls }: ReadListener, at: number): ListenerFiles[] {
  return tls === undefined ? [] : [{ bind, at, ...listenerTlsFiles(tls) }];
}
