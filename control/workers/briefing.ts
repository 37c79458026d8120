import type { FilterPreparation, FilterSpec } from "../../proxy/table/filter-spec.ts";
import type { ListenerSnapshot, ServiceSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import type { LogLevel } from "../../proxy/base/log-level.ts";
import type { AccessLogSpec } from "../../proxy/table/access-log-spec.ts";
import type { Intentions } from "../../proxy/intentions/intentions.ts";
import type { LeavingTerms } from "../../proxy/messages/messages.ts";
import { missingIds, NO_TLS_MATERIAL } from "../../proxy/table/tls.ts";
import type { ListenerTls, TlsMaterial } from "../../proxy/table/tls.ts";
import { JITTER } from "./drain-workers.ts";
import type { DrainPolicy } from "../config/service.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Filters with their code, by the names of their services. An empty list: none any more. */
export type Chains = ReadonlyMap<string, readonly FilterSpec[]>;

/** Filters that come into force with the next table. */
export type ComingFilters = {
  /** Under which workers know them. */
  readonly number: number;
  readonly chains: Chains;
  /** Those that have loaded them already. */
  readonly workers: ReadonlySet<Pick<WorkerProcess, "ask">>;
};

/** At which rate connections end that cannot move, and by when the idle ones have. */
type Leaving = Pick<DrainPolicy, "connectionsPerSecond" | "softMs">;

/**
 * All that a worker must know to do what the others do: certificates with their keys, the table,
 * the filters in force with their code, the listeners. It is data: whoever changes something
 * updates it, and it is read when a worker starts.
 */
export class Briefing {
  /** By their binds. */
  readonly listeners = new Map<string, ListenerSnapshot>();
  /** Secret: it goes to workers, and nowhere else. */
  tls: TlsMaterial = NO_TLS_MATERIAL;
  /** undefined: not known, or nobody needs them. */
  intentions: Intentions | undefined;
  /** From which level on the log is written. */
  logLevel: LogLevel = "info";
  /** undefined: there is none. */
  accessLog: AccessLogSpec | undefined;
  /** The part of requests that is sampled where no trusted peer decides. undefined: no traces. */
  tracing: number | undefined;
  /** How workers end what they cannot give away. */
  leaving: Leaving = { connectionsPerSecond: 100, softMs: 60_000 };
  readonly #services = new Map<string, ServiceSnapshot>();
  readonly #filters = new Map<string, readonly FilterSpec[]>();
  #revision = 0;
  #lastNumber = 0;

  /** The whole table, as a change of none. */
  get table(): TableChange {
    return { revision: this.#revision, replace: [...this.#services.values()], remove: [] };
  }

  /** The filters in force of the services that have any. */
  get filters(): Chains {
    return this.#filters;
  }

  /** Keeps a change of the table. */
  follow({ revision, replace, remove }: TableChange): void {
    this.#revision = revision;
    for (const service of replace) this.#services.set(service.name, service);
    for (const name of remove) this.#services.delete(name);
  }

  /** Keeps what is in force for a service from now on. */
  setFilters(service: string, specs: readonly FilterSpec[]): void {
    if (specs.length === 0) this.#filters.delete(service);
    else this.#filters.set(service, specs);
  }

  /** How one of the listeners speaks TLS, for trials. undefined: none does, or could. */
  get trialTls(): ListenerTls | undefined {
    const all = [...this.listeners.values()].flatMap(({ tls }) => (tls === undefined ? [] : [tls]));
    return all.find((tls) => missingIds(tls, this.tls).length === 0);
  }

  /** The terms of one of so many workers that leave at once. */
  leavingTerms(workers: number): LeavingTerms {
    const { connectionsPerSecond, softMs } = this.leaving;
    return { perSecond: connectionsPerSecond / workers, jitter: JITTER, softMs };
  }

  /** The number of the next filters that workers are told to load. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }
}

/** What workers are told of filters to load. `strict`: one that cannot be used spoils them all. */
export function preparationOf(number: number, chains: Chains, strict: boolean): FilterPreparation {
  const told = [...chains].map(([service, filters]) => ({ service, filters }));
  return { number, chains: told, strict };
}
