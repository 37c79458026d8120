import { isDeepStrictEqual } from "node:util";
import type { FilterSpec } from "../../proxy/table/filter-spec.ts";
import type { FilterSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import type { FilterWrite } from "../table/table-sink.ts";
import type { Briefing, Chains, ComingFilters } from "../workers/briefing.ts";

/** Filters that workers have loaded but that are not in force yet. */
export type PreparedFilters = ComingFilters & {
  /** Who asked for them. undefined: nobody in particular, they came with a table. */
  readonly write: FilterWrite | undefined;
};

/**
 * Which filters the table wants, and which are in force in the workers: the same ones, unless
 * something was refused.
 */
export class RunningFilters {
  readonly #briefing: Briefing;
  readonly #wanted = new Map<string, readonly FilterSnapshot[]>();

  /** `briefing`: holds what is in force, for workers that start later. */
  constructor(briefing: Briefing) {
    this.#briefing = briefing;
  }

  /** What is in force for a service. */
  specs(service: string): readonly FilterSpec[] {
    return this.#briefing.filters.get(service) ?? [];
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

  /** Follows a change of the table. */
  follow({ replace, remove }: TableChange): void {
    for (const { name, filters } of replace) {
      if (filters.length === 0) this.#wanted.delete(name);
      else this.#wanted.set(name, filters);
    }
    for (const name of remove) {
      this.#wanted.delete(name);
      this.#briefing.setFilters(name, []);
    }
  }

  /** Notes that chains are in force. Returns those that they replace. */
  replace(chains: Chains): Chains {
    const before = new Map([...chains.keys()].map((service) => [service, this.specs(service)]));
    for (const [service, specs] of chains) this.#briefing.setFilters(service, specs);
    return before;
  }
}
