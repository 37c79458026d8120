import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { StoreError } from "../base/errors.ts";
import { ConsulError } from "../consul/consul-error.ts";
import {
  getKey,
  getKeys,
  KV_VALUE_BYTES_MAX,
  kvPath,
  parseKvAnswer,
  putKey,
} from "../consul/kv.ts";
import type { KvEntry } from "../consul/kv.ts";
import { watch } from "../consul/watch.ts";
import type { WatchDeps, WatchTarget } from "../consul/watch.ts";
import type { Documents, KeptDocument } from "../store/documents.ts";

/** Each of tens of rollouts writes a few times a minute. */
const FOLLOW_LIMIT = { burst: 10, refillMs: 200 };

/** What documents in Consul work with. */
export type ConsulDocumentsDeps = WatchDeps & { readonly log: Log };

/**
 * Documents in Consul's KV, a key each: `PREFIX/rollouts/NAME`, compared and set by its
 * ModifyIndex, so that of two sidecars one loses.
 */
export class ConsulDocuments implements Documents {
  readonly #deps: ConsulDocumentsDeps;
  readonly #folder: string;

  /** `prefix`: as the table's. */
  constructor(deps: ConsulDocumentsDeps, prefix: string) {
    this.#deps = deps;
    this.#folder = `${prefix}/rollouts/`;
  }

  async all(): Promise<ReadonlyMap<string, KeptDocument>> {
    try {
      return this.#byName(await getKeys(this.#deps.client, this.#folder));
    } catch (error) {
      throw storeError("store_unreadable", "read", error);
    }
  }

  async save(name: string, text: string, mark: string | undefined): Promise<string | undefined> {
    const { client } = this.#deps;
    const bytes = Buffer.byteLength(text);
    if (bytes > KV_VALUE_BYTES_MAX) {
      const why = `wanted at most ${KV_VALUE_BYTES_MAX} bytes, found ${bytes}`;
      throw new StoreError("store_unwritable", `Cannot write the rollouts of ${name}: ${why}`);
    }
    try {
      const key = `${this.#folder}${name}`;
      if (!(await putKey(client, key, text, { cas: Number(mark ?? 0) }))) return undefined;
      // Consul does not say under which index it wrote: if it is not ours, somebody was quicker.
      const entry = await getKey(client, key);
      return entry?.value === text ? String(entry.modifyIndex) : undefined;
    } catch (error) {
      throw storeError("store_unwritable", "write", error);
    }
  }

  async follow(
    onChange: (documents: ReadonlyMap<string, KeptDocument>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const target: WatchTarget = {
      action: "read the rollouts",
      path: kvPath(this.#folder),
      query: { recurse: "" },
      stale: false,
      isUrgent: true,
      limit: FOLLOW_LIMIT,
    };
    let failure = "";
    const listener = {
      onChange: ({ found, text }: { readonly found: boolean; readonly text: string }) => {
        onChange(this.#byName(found ? parseKvAnswer(target.action, text) : []));
      },
      onFresh: () => void (failure = ""),
      onFailure: (error: unknown) => {
        const reason = errorText(error);
        if (reason !== failure) this.#deps.log.warn("rollouts.not-followed", { reason });
        failure = reason;
      },
    };
    await watch(this.#deps, target, listener, signal);
  }

  #byName(entries: readonly KvEntry[]): ReadonlyMap<string, KeptDocument> {
    const named = entries.map(({ key, value, modifyIndex }) => {
      const kept = { text: value, mark: String(modifyIndex) };
      return [key.slice(this.#folder.length), kept] as const;
    });
    // A folder made by hand is a key that ends with a slash.
    return new Map(named.filter(([name]) => name !== ""));
  }
}

function storeError(
  code: "store_unreadable" | "store_unwritable",
  action: string,
  error: unknown,
): unknown {
  if (!(error instanceof ConsulError)) return error;
  const message = `Cannot ${action} rollouts in Consul: ${error.message}`;
  return new StoreError(code, message, { cause: error });
}
