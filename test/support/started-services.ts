import { onTestFinished } from "vitest";
import type { Log, LogFields } from "../../proxy/base/log.ts";
import type { TableChange } from "../../proxy/table/snapshot.ts";
import { Audit } from "../../control/records/audit.ts";
import type { ServiceDocument } from "../../control/config/service-schema.ts";
import type { DiscoveredEndpoint, Service } from "../../control/config/service.ts";
import type { Discovery } from "../../control/discovery/discovery.ts";
import { Events } from "../../control/records/events.ts";
import type { Surroundings } from "../../control/table/guard.ts";
import { Services } from "../../control/table/services.ts";
import type { TableCertificates } from "../../control/table/table-certificates.ts";
import { MemoryStore } from "../../control/store/memory-store.ts";
import type { Store, StoredTable } from "../../control/store/store.ts";
import type { WriteContext } from "../../control/table/table-sink.ts";
import { fixedClock as clock } from "./fixed-clock.ts";

/** The writer does not care which revision the table has. */
export const ANY: WriteContext = { actor: "local", reason: "a test", ifMatch: "*" };

/** Expects a revision. */
export const at = (ifMatch: number): WriteContext => ({ ...ANY, ifMatch });

/** Two versions with three endpoints. */
export const web: ServiceDocument = {
  versions: {
    v1: { weight: 90, endpoints: ["a:1", "b:1"] },
    v2: { weight: 10, endpoints: ["c:1"] },
  },
};

/** One version, without a weight. */
export const shop: ServiceDocument = { versions: { v1: { endpoints: ["d:1"] } } };

/** Remembers what it was told and what else happened, in order. */
class Recorder {
  readonly steps: string[] = [];
  readonly changes: TableChange[] = [];
  /** Thrown by the next apply(). */
  fails: Error | undefined;
  /** apply() waits for it. */
  gate: Promise<void> = Promise.resolve();

  async apply(change: TableChange): Promise<void> {
    await this.gate;
    const { fails } = this;
    this.fails = undefined;
    this.steps.push(`apply ${change.revision}`);
    this.changes.push(change);
    if (fails) throw fails;
  }

  /** Names of what the last change replaced and removed. */
  get last(): { revision: number; replace: string[]; remove: readonly string[] } | undefined {
    const change = this.changes.at(-1);
    if (change === undefined) return undefined;
    const { revision, replace, remove } = change;
    return { revision, replace: replace.map(({ name }) => name), remove };
  }
}

/** A store that others can write to, and that can fail. */
export class SharedStore implements Store {
  readonly kind = "memory";
  readonly problem = undefined;
  readonly steps: string[];
  #held = new MemoryStore();
  /** Thrown by the next save(). */
  fails: Error | undefined;
  #onChange: ((table: StoredTable) => void) | undefined;

  constructor(steps: string[]) {
    this.steps = steps;
  }

  load(): Promise<StoredTable | undefined> {
    return this.#held.load();
  }

  reclaim(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#held.close();
  }

  async save(next: StoredTable, expectedRevision: number): Promise<void> {
    const { fails } = this;
    this.fails = undefined;
    if (fails) throw fails;
    await this.#held.save(next, expectedRevision);
    this.steps.push(`save ${next.revision}`);
  }

  follow(onChange: (table: StoredTable) => void, signal: AbortSignal): Promise<void> {
    this.#onChange = onChange;
    return this.#held.follow(onChange, signal);
  }

  /** Writes as another sidecar would. */
  async saveByOther(services: StoredTable["services"]): Promise<StoredTable> {
    const revision = (await this.load())?.revision ?? 0;
    const table = { revision: revision + 1, services };
    await this.#held.save(table, revision);
    return table;
  }

  /** Deletes the table, as somebody might. */
  empty(): void {
    this.#held = new MemoryStore();
  }

  tell(table: StoredTable): void {
    this.#onChange?.(table);
  }
}

/** Finds what a test tells it to. */
export class FakeDiscovery implements Discovery {
  readonly found = new Map<string, readonly DiscoveredEndpoint[]>();
  watched: Readonly<Record<string, Service>> = {};
  onChange: (service: string) => void = () => undefined;

  endpoints(service: string, version: string): readonly DiscoveredEndpoint[] {
    return this.found.get(`${service}/${version}`) ?? [];
  }

  update(services: Readonly<Record<string, Service>>): void {
    this.watched = services;
  }
}

/** What a test gets with the services that it started. */
export type Started = {
  readonly services: Services;
  /** What start() returned. */
  readonly source: "store" | "config";
  readonly store: SharedStore;
  readonly sink: Recorder;
  readonly events: Events;
  readonly audit: Audit;
  /** Warnings and errors: the event and, if it has one, the service. */
  readonly logged: readonly string[];
  /** Saves, applies and events in the order in which they happened. */
  readonly steps: string[];
};

/** Services after their start, over a store that holds `stored`; closed with the test. */
export async function started(
  initial: Record<string, ServiceDocument> = { web, shop },
  options: {
    readonly discovery?: Discovery;
    readonly stored?: StoredTable;
    readonly around?: Surroundings;
    readonly certificates?: TableCertificates;
  } = {},
): Promise<Started> {
  const sink = new Recorder();
  const { steps } = sink;
  const store = new SharedStore(steps);
  if (options.stored) await store.save(options.stored, 0);
  const events = new Events(clock);
  events.subscribe(({ kind, revision }) => steps.push(`event ${kind} ${String(revision)}`));
  const audit = await Audit.open({ clock });
  const logged: string[] = [];
  const note = (event: string, fields?: LogFields): void => {
    logged.push([event, fields?.["service"] ?? []].flat().join(" "));
  };
  const log: Log = { info: () => undefined, warn: note, error: note };
  const { discovery, around, certificates } = options;
  const parts = { discovery, around, certificates };
  const services = new Services({ store, sink, events, audit, log, ...parts });
  onTestFinished(() => services.close());
  const source = await services.start(initial);
  return { services, source, store, sink, events, audit, logged, steps };
}
