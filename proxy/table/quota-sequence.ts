import type { Random } from "../base/random.ts";
import { QuotaTree } from "./quota-tree.ts";
import type { ServiceTable } from "./service-table.ts";
import type { VersionTable } from "./version-table.ts";

/**
 * Chooses the version of requests without an affinity key: exact, and yet out of step with any
 * caller. One belongs to a service by name and outlives its tables: a new table with the same
 * weights continues where the last one was; with other weights, what each version is owed is kept.
 *
 * Promises (proof at QuotaTree), for any number of versions and any weights:
 * - after n picks each version has n × share, give or take 2 (with two versions: 1). Only a change
 *   of the weights while several versions are more than one pick behind can exceed it, for a short
 *   time;
 * - each single pick goes to a version with a probability equal to its share (more than two
 *   versions: within 0.01 in simulations), and lies at a random place of its turn, so that a caller
 *   with a period does not get sorted by version;
 * - a version whose newWeight is 0 is not picked.
 */
export class QuotaSequence {
  readonly #random: Random;
  #service: ServiceTable | undefined;
  #tree: QuotaTree;

  constructor(random: Random) {
    this.#random = random;
    this.#tree = new QuotaTree([], random);
  }

  /** The next request's version. undefined: no version has a newWeight. O(versions). */
  next(service: ServiceTable): VersionTable | undefined {
    if (service !== this.#service) this.#follow(service);
    const index = this.#tree.next();
    return index < 0 ? undefined : service.versions[index];
  }

  #follow(service: ServiceTable): void {
    if (!sameQuotas(this.#service, service)) {
      const lags = this.#lags();
      const shares = service.versions.map(({ name, newWeight }) => ({
        weight: newWeight,
        lag: lags.get(name) ?? 0,
      }));
      this.#tree = new QuotaTree(shares, this.#random);
    }
    this.#service = service;
  }

  #lags(): ReadonlyMap<string, number> {
    const versions = this.#service?.versions ?? [];
    return new Map(versions.map(({ name, index }) => [name, this.#tree.lag(index)]));
  }
}

function sameQuotas(before: ServiceTable | undefined, after: ServiceTable): boolean {
  if (before?.versions.length !== after.versions.length) return false;
  return before.versions.every((version, at) => {
    const other = after.versions[at];
    return version.name === other?.name && version.newWeight === other.newWeight;
  });
}
