import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { NoSigningKeyError, StoreError } from "../base/errors.ts";
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

import { TableSeal } from "./table-seal.ts";
import type { Trust } from "./table-seal.ts";

/** Each of tens of rollouts writes a few times a minute. */
const FOLLOW_LIMIT = { burst: 10, refillMs: 200 };

/** What documents in Consul work with. */
export type ConsulDocumentsDeps = WatchDeps & { readonly log: Log };

/**
 * Documents in Consul's KV, a key each: `PREFIX/rollouts/NAME`, compared and set by its
 * ModifyIndex, so that of two sidecars one loses. Where tables have to be signed these have to be
 * too, as they move traffic: those that are not are as if they were not there.
 */
export class ConsulDocuments implements Documents {
  readonly #deps: ConsulDocumentsDeps;
  readonly #folder: string;
  readonly #trust: Trust;

  /** `prefix` and `trust`: as the table's. */
  constructor(deps: ConsulDocumentsDeps, prefix: string, trust: Trust) {
    this.#deps = deps;
    this.#folder = `${prefix}/rollouts/`;
    this.#trust = trust;
  }

  async all(): Promise<ReadonlyMap<string, KeptDocument>> {
    try {
      return this.#byName(await getKeys(this.#deps.client, this.#folder));
    } catch (error) {
      throw storeError("store_unreadable", "read", error);
    }
  }

  /** @throws NoSigningKeyError, and as all documents */
  async save(name: string, text: string, mark: string | undefined): Promise<string | undefined> {
    const { client } = this.#deps;
    const key = `${this.#folder}${name}`;
    const seal = new TableSeal(key, this.#trust);
    if (seal.isDemanded && !seal.canSign) throw new NoSigningKeyError();
    const value = seal.seal(text);
    const bytes = Buffer.byteLength(value);
    if (bytes > KV_VALUE_BYTES_MAX) {
      const why = `wanted at most ${KV_VALUE_BYTES_MAX} bytes, found ${bytes}`;
      throw new StoreError("store_unwritable", `Cannot write the rollouts of ${name}: ${why}`);
    }
    try {
      if (!(await putKey(client, key, value, { cas: Number(mark ?? 0) }))) return undefined;
      // Consul does not say under which index it wrote: if it is not ours, somebody was quicker.
      const entry = await getKey(client, key);
      return entry?.value === value ? String(entry.modifyIndex) : undefined;
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
    const named = entries.flatMap(({ key, value, modifyIndex }) => {
      // A folder made by hand is a key that ends with a slash.
      if (key === this.#folder) return [];
      const opened = new TableSeal(key, this.#trust).open(value);
      if (opened.kind === "refused") {
        this.#deps.log.warn("rollouts.refused", { key, reason: opened.reason });
        return [];
      }
      const kept = { text: opened.document, mark: String(modifyIndex) };
      return [[key.slice(this.#folder.length), kept] as const];
    });
    return new Map(named);
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
