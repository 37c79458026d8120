import { ConsulError } from "../consul/consul-error.ts";
import { hundredthsOf } from "./config-entry.ts";
import type { EntryPlace, Failover, Resolver, Router, Splitter } from "./config-entry.ts";

/** Consul's entries of one service. */
export type ServiceEntries = {
  readonly router?: Router | undefined;
  readonly splitter?: Splitter | undefined;
  readonly resolver?: Resolver | undefined;
};

/** Instances that a place leads to. `subset` "": all of the service. */
export type Target = {
  readonly service: string;
  readonly subset: string;
  /** "": the one that Consul is asked in. */
  readonly datacenter: string;
  readonly filter: string | undefined;
  readonly onlyPassing: boolean;
  readonly resolver: Resolver | undefined;
};

/** A line of a splitter, or of the splitters that it leads to. Weight: hundredths of a percent. */
export type Line = { readonly place: EntryPlace; readonly weight: number };

/** Redirects and splitters one behind the other: Consul itself refuses circles. */
const STEPS_MAX = 64;

/**
 * Follows Consul's entries from one to the next, as the discovery chain of its own mesh does
 * (agent/consul/discoverychain/compile.go).
 */
export class ImportChain {
  readonly #name: string;
  readonly #entries: ReadonlyMap<string, ServiceEntries>;

  /** `name`: the service that is imported. */
  constructor(name: string, entries: ReadonlyMap<string, ServiceEntries>) {
    this.#name = name;
    this.#entries = entries;
  }

  /** Whether a splitter decides for requests to this service as a whole. */
  splits(service: string): boolean {
    return this.#entries.get(service)?.splitter !== undefined;
  }

  /**
   * The lines of the service's splitter. One for another service that has a splitter stands for the
   * lines of that. @throws ConsulError consul_refused when splitters lead in a circle
   */
  lines(service: string, depth = 0): readonly Line[] {
    if (depth > STEPS_MAX) throw this.#refusal(`splitters lead in a circle at ${service}`);
    const splits = this.#entries.get(service)?.splitter?.Splits ?? [];
    return splits.flatMap((split): readonly Line[] => {
      const next = split.Service || service;
      const weight = hundredthsOf(split.Weight);
      const place = { Service: next, ServiceSubset: split.ServiceSubset };
      if (next === service || place.ServiceSubset || !this.splits(next)) return [{ place, weight }];
      return this.lines(next, depth + 1).map((line) => ({
        place: line.place,
        weight: Math.round((weight * line.weight) / 10_000),
      }));
    });
  }

  /**
   * The instances behind a place in an entry of `own`: redirects come first, then the default
   * subset.
   * @throws ConsulError consul_refused when there is no such subset, or redirects lead in a circle
   */
  target(own: string, place: EntryPlace): Target {
    let at = moved({ service: own, subset: "", datacenter: "" }, place);
    for (let step = 0; step <= STEPS_MAX; step += 1) {
      const resolver = this.#entries.get(at.service)?.resolver;
      const next = nextOf(at, resolver);
      if (next === undefined) return this.#targetAt(at, resolver);
      at = next;
    }
    throw this.#refusal(`redirects lead in a circle at service-resolver ${at.service}`);
  }

  /** Where requests to a target go when it has no instances. Its own target is not among them. */
  failovers(target: Target): readonly { readonly place: EntryPlace; readonly target: Target }[] {
    const { service, subset, resolver } = target;
    const failovers = new Map(Object.entries(resolver?.Failover ?? {}));
    const failover = failovers.get(subset) ?? failovers.get("*");
    if (failover === undefined) return [];
    return placesOf(failover)
      .map((each) => {
        const place = placeAt(moved(target, each));
        return { place, target: this.target(service, place) };
      })
      .filter((each) => !isSame(each.target, target));
  }

  #targetAt({ service, subset, datacenter }: At, resolver: Resolver | undefined): Target {
    const found = new Map(Object.entries(resolver?.Subsets ?? {})).get(subset);
    if (subset !== "" && found === undefined) {
      throw this.#refusal(`service-resolver ${service} has no subset ${subset}`);
    }
    const onlyPassing = found?.OnlyPassing ?? false;
    const filter = found?.Filter || undefined;
    return { service, subset, datacenter, filter, onlyPassing, resolver };
  }

  #refusal(reason: string): ConsulError {
    return new ConsulError("consul_refused", `import ${this.#name}`, reason);
  }
}

/** Whether two targets are the same instances. */
export function isSame(a: At, b: At): boolean {
  return a.service === b.service && a.subset === b.subset && a.datacenter === b.datacenter;
}

type At = Pick<Target, "service" | "subset" | "datacenter">;

/** A target as a place in an entry. */
export function placeAt({ service, subset, datacenter }: At): EntryPlace {
  return { Service: service, ServiceSubset: subset, Datacenter: datacenter };
}

/** Where a failover leads, one after the other. */
function placesOf(failover: Failover): readonly EntryPlace[] {
  if (failover.Targets?.length) return failover.Targets;
  const { Service, ServiceSubset, Datacenters } = failover;
  if (!Datacenters?.length) return [{ Service, ServiceSubset }];
  return Datacenters.map((Datacenter) => ({ Service, ServiceSubset, Datacenter }));
}

/** Consul's rewriteTarget(): another service begins without a subset. */
function moved(at: At, { Service, ServiceSubset, Datacenter }: EntryPlace): At {
  const service = Service || at.service;
  const kept = service === at.service ? at.subset : "";
  return { service, subset: ServiceSubset || kept, datacenter: Datacenter || at.datacenter };
}

/** undefined: there is nothing further to follow. */
function nextOf(at: At, resolver: Resolver | undefined): At | undefined {
  const redirect = resolver?.Redirect;
  const redirected = redirect ? moved(at, redirect) : at;
  if (!isSame(redirected, at)) return redirected;
  const subset = resolver?.DefaultSubset || "";
  return at.subset === "" && subset !== "" ? { ...at, subset } : undefined;
}
