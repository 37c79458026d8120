import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { recordOf } from "../base/record-of.ts";
import { canonicalRemote } from "../config/address.ts";
import type { DiscoveredEndpoint } from "../config/service.ts";
import { KeptCopy } from "../consul/kept-copy.ts";

/** How old the copy on disk may be when we die. */
const SAVE_AFTER_MS = 1_000;

/** Of an endpoint, as everywhere. */
const WEIGHT_MAX = 65_535;

const compatSchema = z
  .object({
    reads: z.array(z.int()).readonly(),
    writes: z.int().optional(),
    requires: z.record(z.string(), z.string()).readonly(),
  })
  .transform(({ reads, writes, requires }) => ({ reads, writes, requires }));

const copySchema = z.record(
  z.string(),
  z.record(
    z.string(),
    z
      .array(
        z.object({
          address: z.string(),
          weight: z.int().min(1).max(WEIGHT_MAX),
          healthy: z.boolean(),
          san: z.string().optional(),
          inMaintenance: z.boolean().optional(),
          compat: compatSchema.optional(),
        }),
      )
      .readonly(),
  ),
);

/** The endpoints of a version, as they are to be kept. */
export type CopiedVersion = {
  readonly service: string;
  readonly version: string;
  readonly endpoints: readonly DiscoveredEndpoint[];
};

/** The endpoints known last, on disk, for a start without Consul. */
export class EndpointCopy {
  readonly #clock: Clock;
  readonly #copy: KeptCopy<z.output<typeof copySchema>>;
  readonly #closing = new AbortController();
  /** By service, then by version. */
  #loaded: ReadonlyMap<string, ReadonlyMap<string, readonly DiscoveredEndpoint[]>> = new Map();
  /** Gives what is to be saved next. undefined: nothing is. */
  #unsaved: (() => readonly CopiedVersion[]) | undefined;

  /** Without a path nothing is kept. */
  constructor(
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    path: string | undefined,
  ) {
    this.#clock = clock;
    this.#copy = new KeptCopy(path, copySchema, log);
  }

  /** Reads what an earlier process has kept. Never rejects. */
  async load(): Promise<void> {
    const services = Object.entries((await this.#copy.load()) ?? {});
    this.#loaded = new Map(
      services.map(([service, versions]) => [service, new Map(Object.entries(versions))]),
    );
  }

  /** What an earlier process knew. Addresses from the disk are from outside too. */
  of(service: string, version: string): readonly DiscoveredEndpoint[] | undefined {
    const endpoints = this.#loaded.get(service)?.get(version);
    return endpoints?.filter(({ address }) => canonicalRemote(address) === address);
  }

  /** Saves what `versions` gives a little later. */
  saveSoon(versions: () => readonly CopiedVersion[]): void {
    const isSaving = this.#unsaved !== undefined;
    this.#unsaved = versions;
    if (isSaving) return;
    const { signal } = this.#closing;
    this.#clock.sleep(SAVE_AFTER_MS, signal).then(
      () => this.#save(),
      () => undefined,
    );
  }

  /** Saves what is not saved yet. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#save();
    await this.#copy.settled();
  }

  #save(): void {
    if (this.#unsaved === undefined) return;
    const services = Map.groupBy(this.#unsaved(), ({ service }) => service);
    this.#unsaved = undefined;
    const copies = [...services].map(([service, versions]) => {
      const endpoints = versions.map((each) => [each.version, each.endpoints] as const);
      return [service, recordOf(endpoints)] as const;
    });
    this.#copy.save(recordOf(copies));
  }
}
