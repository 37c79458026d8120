import type { Log } from "../../proxy/base/log.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { ConsulClient } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { deleteKey, getKey, getKeyNames, type KvEntry, putKey } from "../consul/kv.ts";
import type { StoredTable } from "../store/store.ts";
import {
  joinParts,
  partRevision,
  readHead,
  type FoundTable,
  type TableDocument,
  writeTable,
} from "./table-document.ts";
import { type SealFlaw, TableSeal, type Trust } from "./table-seal.ts";

/**
 * How the lack of a leader shows: in words, as silence, or as a failed call to the former leader.
 */
const LEADERLESS: ReadonlySet<string> = new Set([
  "consul_no_leader",
  "consul_timeout",
  "consul_failed",
]);

/**
 * Parts that one save deletes: several times as many as it writes, so that they become fewer, and
 * few enough that whoever saves does not wait for the litter of others.
 */
const SWEEP_MAX = 64;

/**
 * Why a table in KV is not followed, for metrics. unreadable: it is none. rolled_back: it is older
 * than one that was followed before. The others: see SealFlaw.
 */
export const REFUSAL_KINDS = [
  "unreadable",
  "unsigned",
  "untrusted",
  "forged",
  "rolled_back",
] as const satisfies readonly (SealFlaw | "unreadable" | "rolled_back")[];

/** One of them. */
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

/** A table that is not followed, and why, in words for operators. */
export type TableRefusal = { readonly kind: RefusalKind; readonly reason: string };

/** What can be told of a value without its parts. */
export type Glance = {
  /** undefined: it would not be followed. */
  readonly revision: number | undefined;
  readonly isSplit: boolean;
  /** Whether somebody has signed it, trusted or not. */
  readonly isSigned: boolean;
};

/** Where the table is. */
export type TablePlace = {
  /** The prefix of all keys, without a slash at its end: `sluice`. */
  readonly prefix: string;
  /** One name a sidecar, for the names of parts. */
  readonly sidecar: string;
  /** Absent: tables are not signed, and followed whoever wrote them. */
  readonly trust?: Trust | undefined;
};

/** Everybody is trusted, and nobody signs. */
const NO_TRUST: Trust = { trust: [], signingKey: undefined };

/**
 * The keys of the table in Consul's KV: one key, `PREFIX/table`, compared and set by its
 * ModifyIndex, so that of two writers one loses. Tables over Consul's limit have parts below
 * `PREFIX/parts/`, written before the key that names them.
 */
export class TableKeys {
  /** The key that counts. */
  readonly head: string;
  readonly #client: ConsulClient;
  readonly #log: Log;
  readonly #partsPrefix: string;
  readonly #writer: string;
  /** Whose tables are followed. */
  readonly seal: TableSeal;

  constructor(
    { client, log }: { readonly client: ConsulClient; readonly log: Log },
    { prefix, sidecar, trust = NO_TRUST }: TablePlace,
  ) {
    this.#client = client;
    this.#log = log;
    this.head = `${prefix}/table`;
    this.#partsPrefix = `${prefix}/parts/`;
    this.#writer = encodeURIComponent(sidecar);
    this.seal = new TableSeal(this.head, trust);
  }

  /**
   * What to write for a table, signed if this sidecar can sign and `isSigned` does not say
   * otherwise. undefined: it is larger than TABLE_BYTES_MAX.
   */
  document(table: StoredTable, isSigned = this.seal.canSign): FoundTable | undefined {
    const document = writeTable(table, this.#writer);
    if (document === undefined || !isSigned) return document && { table, document, isSigned };
    const sealed = { ...document, head: this.seal.seal(document.head) };
    return { table, document: sealed, isSigned };
  }

  /** The head as the leader has it. undefined: there is none. @throws ConsulError */
  read(): Promise<KvEntry | undefined> {
    return getKey(this.#client, this.head);
  }

  /** The head from the leader, or without one from any server. @throws ConsulError */
  readAnywhere(timeoutMs?: number): Promise<KvEntry | undefined> {
    return this.#readAnywhere(this.head, timeoutMs);
  }

  /** What a head's value says by itself. */
  glance(value: string): Glance {
    const opened = this.seal.open(value);
    if (opened.kind === "refused") {
      return { revision: undefined, isSplit: false, isSigned: opened.flaw !== "unsigned" };
    }
    const { isSigned } = opened;
    const head = readHead(opened.document);
    if (head.kind === "unreadable") return { revision: undefined, isSplit: false, isSigned };
    if (head.kind === "split") return { revision: head.revision, isSplit: true, isSigned };
    return { revision: head.table.revision, isSplit: false, isSigned };
  }

  /** The table in a head's value, or in the parts that it names. @throws ConsulError */
  async resolve(value: string): Promise<FoundTable | TableRefusal> {
    const opened = this.seal.open(value);
    if (opened.kind === "refused") return { kind: opened.flaw, reason: opened.reason };
    const { isSigned } = opened;
    const head = readHead(opened.document);
    if (head.kind === "unreadable") return head;
    const parts: { readonly name: string; readonly text: string }[] = [];
    const document = { head: value, parts };
    if (head.kind === "whole") return { table: head.table, document, isSigned };
    const table = await joinParts(head, async (name) => {
      const text = (await this.#readAnywhere(this.#partsPrefix + name))?.value;
      if (text !== undefined) parts.push({ name, text });
      return text;
    });
    return "reason" in table ? table : { table, document, isSigned };
  }

  /** Writes what must be there before the head. @throws ConsulError */
  async writeParts({ parts }: TableDocument): Promise<void> {
    for (const { name, text } of parts) await putKey(this.#client, this.#partsPrefix + name, text);
  }

  /**
   * The one write that counts. Returns false if the head has another ModifyIndex than `cas`.
   * @throws ConsulError
   */
  async swapHead(value: string, cas: number): Promise<boolean> {
    try {
      return await putKey(this.#client, this.head, value, { cas });
    } catch (error) {
      if (!(error instanceof ConsulError && error.outcomeUnknown)) throw error;
      // It may be there although nobody said so. When this fails too, follow() will tell.
      if ((await this.read())?.value === value) return true;
      throw error;
    }
  }

  /** Writes the head where there is none. false: somebody else was first. @throws ConsulError */
  createHead(value: string): Promise<boolean> {
    return putKey(this.#client, this.head, value, { cas: 0 });
  }

  /**
   * Deletes the parts of earlier revisions, also those of writers who lost or died: their
   * compare-and-set cannot succeed any more. Best effort; the next save of a split table goes on.
   */
  async sweepParts(revision: number): Promise<void> {
    try {
      const keys = await getKeyNames(this.#client, this.#partsPrefix);
      const old = keys.filter((key) => {
        const written = partRevision(key.slice(this.#partsPrefix.length));
        return written === undefined || written < revision;
      });
      for (const key of old.slice(0, SWEEP_MAX)) await deleteKey(this.#client, key);
    } catch (error) {
      this.#log.warn("store.parts_left", { error: errorText(error) });
    }
  }

  async #readAnywhere(key: string, timeoutMs?: number): Promise<KvEntry | undefined> {
    try {
      return await getKey(this.#client, key, { timeoutMs });
    } catch (error) {
      if (!(error instanceof ConsulError && LEADERLESS.has(error.code))) throw error;
      return getKey(this.#client, key, { stale: true, timeoutMs });
    }
  }
}
