import { z } from "zod";
import { pause } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { backOffMs } from "../consul/back-off.ts";
import { getKeys, type KvEntry } from "../consul/kv.ts";
import type { WatchDeps } from "../consul/watch.ts";
import { REVISION_MAX } from "./table-document.ts";

/** Sidecars write no longer values. */
const VALUE_LENGTH_MAX = 2_048;

const witnessSchema = z.object({ revision: z.int().min(0).max(REVISION_MAX) });

/** What a witness works with. */
export type RevisionWitnessDeps = WatchDeps & { readonly log: Log };

/**
 * Whether sidecars say in Consul that they had a later table than the one we found at our start. If
 * so, somebody has put an old one back, while those with a copy of the later one keep it. What they
 * say is not signed, so it is only reported.
 */
export class RevisionWitness {
  readonly #deps: RevisionWitnessDeps;
  readonly #prefixes: readonly string[];
  /** Our table's revision. 0: none is in force yet. */
  readonly #current: () => number;
  #highest = { key: "", revision: 0 };

  /** `prefix`: as the store's. */
  constructor(deps: RevisionWitnessDeps, prefix: string, current: () => number) {
    this.#deps = deps;
    this.#prefixes = [`${prefix}/audit/`, `${prefix}/fleet/`];
    this.#current = current;
  }

  /** undefined: nobody knows a later table. */
  get problem(): string | undefined {
    const current = this.#current();
    const { key, revision } = this.#highest;
    if (current === 0 || revision <= current) return undefined;
    const found = `it has revision ${current}, but ${key} says that there was ${revision}`;
    return `${found}; \`sluice rewrite\` on a sidecar that has it puts it back`;
  }

  /** Reads what they say once, as soon as Consul answers. Resolves then, or when aborted. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await this.#read();
      } catch (error) {
        if (failures === 1) this.#deps.log.warn("store.no_witness", { error: errorText(error) });
        await pause(this.#deps.clock, backOffMs(failures, this.#deps.random), signal);
      }
    }
  }

  async #read(): Promise<void> {
    for (const prefix of this.#prefixes) {
      for (const entry of await getKeys(this.#deps.client, prefix)) {
        const revision = revisionIn(entry);
        if (revision > this.#highest.revision) this.#highest = { key: entry.key, revision };
      }
    }
  }
}

/** The revision in a note. 0: there is none. */
function revisionIn({ value }: KvEntry): number {
  if (value.length > VALUE_LENGTH_MAX) return 0;
  try {
    return witnessSchema.parse(JSON.parse(value)).revision;
  } catch {
    return 0;
  }
}
