import { fitYoungSpace } from "../base/young-space.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { DocumentRules } from "../config/document-rules.ts";
import type { Service } from "../config/service.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Events } from "../records/events.ts";
import type { StoredTable } from "../store/store.ts";
import {
  changeBetween,
  NO_TABLE,
  readTable,
  rediscovered,
  rewrittenNames,
} from "./desired-table.ts";
import type { DesiredTable } from "./desired-table.ts";
import { History } from "./history.ts";
import type { TableCertificates } from "./table-certificates.ts";
import type { PreparedChange, TableSink } from "./table-sink.ts";

/** What the table in force works with. */
export type TableInForceDeps = {
  readonly sink: TableSink;
  readonly events: Events;
  readonly log: Log;
  /** Absent: versions with `consul:` have no endpoints. */
  readonly discovery?: Discovery | undefined;
  /** Absent: services that need certificates reach nobody. */
  readonly certificates?: TableCertificates | undefined;
  /** What the file lets documents do. Absent: see readService(). */
  readonly rules?: DocumentRules | undefined;
  /**
   * Called with all services, by name, when workers have been told a table, even if one does not
   * follow in time. Must not throw. Absent: nothing follows from it.
   */
  readonly onTold?: ((services: ReadonlyMap<string, Service>) => void) | undefined;
  /**
   * Is called with each new revision, once the workers have been told: see Registry.revised(). Must
   * not throw. Absent: nothing else follows from it.
   */
  readonly onRevision?: ((names: readonly string[], isOurs: boolean) => void) | undefined;
};

/** The one table that workers act on, or are about to. Its callers take turns in changing it. */
export class TableInForce {
  /** What services were before. */
  readonly history = new History();
  readonly #deps: TableInForceDeps;
  #table = NO_TABLE;
  /** Why documents of the last table that was read cannot be used. */
  #flaws: ReadonlyMap<string, string> = new Map();

  constructor(deps: TableInForceDeps) {
    this.#deps = deps;
  }

  /** What is in force, or on its way there. */
  get table(): DesiredTable {
    return this.#table;
  }

  /**
   * Why services are not as the table has them: their documents, which another version or a hand
   * has stored, cannot be used. By name; empty: all are.
   */
  get refused(): ReadonlyMap<string, string> {
    const { documents, services } = this.#table;
    const isInForce = (name: string): boolean =>
      services.get(name)?.document === documents.get(name);
    return new Map([...this.#flaws].filter(([name]) => !isInForce(name)));
  }

  /** Reads a stored table beside the one in force, and reports what cannot be used in it. */
  read(stored: StoredTable): DesiredTable {
    const { discovery, rules, events, log } = this.#deps;
    const { table, refused } = readTable(stored, this.#table, discovery, rules);
    this.#flaws = new Map([...refused].map(([name, { message }]) => [name, message]));
    for (const [service, error] of refused) {
      log.error("service.refused", { service, error: error.message });
      const { problems } = error;
      events.emit({ kind: "service-refused", services: [service], problems });
    }
    return table;
  }

  /**
   * Makes `after` the table. The sink keeps the change even when it rejects: so does this.
   * @throws what the sink throws
   */
  async apply(after: DesiredTable, prepared?: PreparedChange): Promise<void> {
    const { certificates, discovery, onTold, sink } = this.#deps;
    const before = this.#table;
    this.#table = after;
    this.history.note(before, after);
    const services = new Map([...after.services].map(([name, { service }]) => [name, service]));
    fitYoungSpace(services.size);
    await certificates?.add(services);
    discovery?.update(Object.fromEntries(services));
    await this.#settle(rewrittenNames(before, after));
    try {
      await sink.apply(changeBetween(before, this.#table), prepared);
    } finally {
      // A late worker, too, acts on it before anything that it is asked later.
      onTold?.(services);
    }
  }

  /** Takes in what discovery immediately finds for services that it has only just heard of. */
  async #settle(names: readonly string[]): Promise<void> {
    const { discovery } = this.#deps;
    if (discovery?.settled === undefined || names.length === 0) return;
    await discovery.settled();
    this.#table = rediscovered(this.#table, names, discovery);
  }
}
