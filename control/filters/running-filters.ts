import { isDeepStrictEqual } from "node:util";
import type { Log } from "../../proxy/base/log.ts";
import type {
  FilterPreparation,
  FilterRefusalReport,
  FilterSpec,
} from "../../proxy/messages/messages.ts";
import type { FilterSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import type { FilterWrite } from "../table/table-sink.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";

/** The filters of services, by the services' names. Empty: none any more. */
export type Chains = ReadonlyMap<string, readonly FilterSpec[]>;

/** Filters that workers have loaded and that are not in force yet. */
export type PreparedFilters = {
  readonly number: number;
  readonly chains: Chains;
  /** Those that have them. */
  readonly workers: ReadonlySet<WorkerProcess>;
  /** Who wants them. undefined: nobody in particular, they came with a table. */
  readonly write: FilterWrite | undefined;
};

/** Filters that come into force. */
type Activation = {
  readonly filters: PreparedFilters;
  readonly refusals: FilterRefusalReport[];
};

/**
 * What the table wants of filters, and what is in force in the workers: the same, unless something
 * was refused. It holds their code, so that a worker that starts later runs what the others run.
 */
export class RunningFilters {
  readonly #log: Log;
  readonly #wanted = new Map<string, readonly FilterSnapshot[]>();
  readonly #running = new Map<string, readonly FilterSpec[]>();
  /** Workers that have been told what is in force. */
  readonly #told = new WeakSet<WorkerProcess>();
  #activation: Activation | undefined;
  #lastNumber = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What is in force for a service. */
  specs(service: string): readonly FilterSpec[] {
    return this.#running.get(service) ?? [];
  }

  /** What the table wants for a service. */
  wanted(service: string): readonly FilterSnapshot[] {
    return this.#wanted.get(service) ?? [];
  }

  /** The services that have filters, by the table. */
  get services(): readonly string[] {
    return [...this.#wanted.keys()];
  }

  /** Whether what is in force for a service is what `filters` say. */
  isRunning(service: string, filters: readonly FilterSnapshot[]): boolean {
    const running = this.specs(service).map(({ filter }) => filter);
    return isDeepStrictEqual(running, filters);
  }

  /** The number of the next preparation. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** Follows a change of the table. */
  follow({ replace, remove }: TableChange): void {
    for (const { name, filters } of replace) put(this.#wanted, name, filters);
    for (const name of remove) {
      this.#wanted.delete(name);
      this.#running.delete(name);
    }
  }

  /** Notes that chains are in force. Returns those that they replace. */
  replace(chains: Chains): Chains {
    const before = new Map([...chains.keys()].map((service) => [service, this.specs(service)]));
    for (const [service, specs] of chains) put(this.#running, service, specs);
    return before;
  }

  /**
   * Puts filters in force with every table that workers are told until `tell` has ended. Returns
   * what cannot take over from its predecessor.
   */
  async activate(
    filters: PreparedFilters,
    tell: () => Promise<void>,
  ): Promise<readonly FilterRefusalReport[]> {
    const activation: Activation = { filters, refusals: [] };
    this.#activation = activation;
    try {
      await tell();
      return activation.refusals;
    } finally {
      this.#activation = undefined;
    }
  }

  /**
   * Tells a worker a table and the filters that come into force with it: all that there are if it
   * has just started, else those that are being activated. Resolves when it acts on them.
   */
  readonly tellTable = async (worker: WorkerProcess, change: TableChange): Promise<void> => {
    const activation = this.#activation;
    const filters = this.#told.has(worker) ? this.#next(worker) : this.#first(worker);
    const answer = await worker.ask({ kind: "table", change, filters });
    if (answer.kind === "filters") activation?.refusals.push(...answer.refusals);
  };

  /** What a worker that has just started has to know first. */
  #first(worker: WorkerProcess): number | undefined {
    this.#told.add(worker);
    if (this.#running.size === 0) return undefined;
    const number = this.nextNumber();
    this.#prepare(worker, number, this.#running);
    return number;
  }

  #next(worker: WorkerProcess): number | undefined {
    const { filters } = this.#activation ?? {};
    if (filters === undefined) return undefined;
    // It was on trial, or gives its connections away: it must not have the table without filters.
    if (!filters.workers.has(worker)) this.#prepare(worker, filters.number, filters.chains);
    return filters.number;
  }

  /** Tells a worker a preparation that comes into force in any case; what it refuses is logged. */
  #prepare(worker: WorkerProcess, number: number, chains: Chains): void {
    const preparation = preparationOf(number, chains, false);
    // Whoever waits for this worker asks it something later, and hears then if it has ended.
    void worker.ask({ kind: "prepareFilters", preparation }).then(
      (answer) => answer.kind === "filters" && this.logRefusals(answer.refusals),
      () => undefined,
    );
  }

  logRefusals(refusals: readonly FilterRefusalReport[]): void {
    for (const refusal of refusals) this.#log.error("filter.refused", refusal);
  }
}

/** What workers are told of a preparation. */
export function preparationOf(number: number, chains: Chains, strict: boolean): FilterPreparation {
  const told = [...chains].map(([service, filters]) => ({ service, filters }));
  return { number, chains: told, strict };
}

function put<Item>(map: Map<string, readonly Item[]>, key: string, list: readonly Item[]): void {
  if (list.length === 0) map.delete(key);
  else map.set(key, list);
}
