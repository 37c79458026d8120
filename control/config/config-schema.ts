import { checkConfig } from "./config-checks.ts";
import { configShape } from "./config-shape.ts";
import type { ReadConfig } from "./config-shape.ts";
import type { ServiceDocument } from "./service-schema.ts";

/** Reads a whole `sluice.yaml`, after its environment variables have been put in. */
export const configSchema = configShape.superRefine((config, context) => {
  for (const { path, wanted, found } of checkConfig(config)) {
    context.addIssue({ code: "custom", path: [...path], message: wanted, params: { found } });
  }
});

/** A whole configuration as the program reads it. */
export type Config = ReadConfig & {
  /** The services as written, variables and all: what a store gets when it has none. */
  readonly documents: Readonly<Record<string, ServiceDocument>>;
};

/** How to reach Consul. */
export type ConsulConfig = NonNullable<Config["consul"]>;

/** What this sidecar puts into Consul. */
export type RegisterConfig = NonNullable<Config["register"]>;

/** Where the table is kept. */
export type StoreConfig = Config["store"];
