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

import { DocumentWitness } from "./document-witness.ts";
import { TableSeal } from "./table-seal.ts";
import type { Trust } from "./table-seal.ts";

/** Each of tens of rollouts writes a few times a minute. */
const FOLLOW_LIMIT = { burst: 10, refillMs: 200 };

/** What documents in Consul work with. */
export type ConsulDocumentsDeps = WatchDeps & { readonly log: Log };

/**
 * Documents in Consul's KV, a key each: `FOLDER/NAME`, compared and set by its
 * ModifyIndex, so that of two sidecars one loses. Where tables have to be signed these have to be
 * too, as they move traffic: those that are not are as if they were not there, and in the place of
 * one that is older than one that was here is the latest that is known.
 */
export class ConsulDocuments implements Documents {
  readonly #deps: ConsulDocumentsDeps;
  readonly #folder: string;
  readonly #trust: Trust;
  /** undefined: nothing has to be signed. */
  readonly #witness: DocumentWitness | undefined;

  /**
   * `folder`: what their keys begin with, up to its slash. `trust`: as the table's. `witnessPath`:
   * where to remember which writings there were; undefined: in memory.
   */
  constructor(deps: ConsulDocumentsDeps, folder: string, trust: Trust, witnessPath?: string) {
    this.#deps = deps;
    this.#folder = folder;
    this.#trust = trust;
    if (trust.trust.length > 0) this.#witness = new DocumentWitness(witnessPath, deps.log);
  }

  async all(): Promise<ReadonlyMap<string, KeptDocument>> {
    await this.#witness?.load();
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
    await this.#witness?.load();
    const document = this.#witness?.numbered(name, text) ?? text;
    const value = seal.seal(document);
    const bytes = Buffer.byteLength(value);
    if (bytes > KV_VALUE_BYTES_MAX) {
      const why = `wanted at most ${KV_VALUE_BYTES_MAX} bytes, found ${bytes}`;
      throw new StoreError("store_unwritable", `Cannot write the rollouts of ${name}: ${why}`);
    }
    try {
      if (!(await putKey(client, key, value, { cas: Number(mark ?? 0) }))) return undefined;
      // Consul does not say under which index it wrote: if it is not ours, somebody was quicker.
      const entry = await getKey(client, key);
      if (entry?.value !== value) return undefined;
      this.#witness?.admit(name, document);
      return String(entry.modifyIndex);
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
    await this.#witness?.load();
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
      const name = key.slice(this.#folder.length);
      const text = this.#textOf(name, opened.document);
      return text === undefined ? [] : [[name, { text, mark: String(modifyIndex) }] as const];
    });
    return new Map(named);
  }

  /** undefined: nothing that may be followed. */
  #textOf(name: string, document: string): string | undefined {
    if (this.#witness === undefined) return document;
    const text = this.#witness.admit(name, document);
    if (text !== undefined) return text;
    const reason = "it is older than one that this sidecar has had";
    this.#deps.log.warn("rollouts.refused", { key: `${this.#folder}${name}`, reason });
    return this.#witness.latest(name);
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
