import { recordOf } from "../base/record-of.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import { versionNameOf } from "./config-entry.ts";
import type { EntryPlace } from "./config-entry.ts";
import { longestDuration } from "./go-duration.ts";
import { ImportChain, isSame, placeAt } from "./import-chain.ts";
import type { ServiceEntries, Target } from "./import-chain.ts";
import type { ImportFindings } from "./import-findings.ts";
import { toRoutes } from "./import-routes.ts";

/** What a translation works with. */
export type Translation = {
  readonly name: string;
  readonly entries: ReadonlyMap<string, ServiceEntries>;
  readonly findings: ImportFindings;
  readonly warningIsHealthy: boolean;
};

/** The document for `name`. What it cannot say is in `findings`. @throws ConsulError */
export function translate(of: Translation): ServiceDocument {
  const chain = new ImportChain(of.name, of.entries);
  const versions = new ImportedVersions(of, chain);
  for (const { place, weight } of traffic(of.name, chain)) versions.add(place, weight);
  const stable = stableOf(of, chain, versions);
  const routes = toRoutes(of.entries.get(of.name)?.router, { ...of, chain, versions });
  addUnused(of, chain, versions);
  noteWarnings(of, versions);
  const connectTimeout = longest(of, versions, "ConnectTimeout");
  const timeout = longest(of, versions, "RequestTimeout");
  return {
    ...(stable !== undefined && { stable }),
    ...(connectTimeout !== undefined && { connectTimeout }),
    ...(timeout !== undefined && { timeout }),
    versions: versions.document(),
    ...(routes.length > 0 && { routes }),
  };
}

/** What requests without a route of their own are split into. */
function traffic(
  name: string,
  chain: ImportChain,
): readonly { place: EntryPlace; weight: number }[] {
  if (chain.splits(name)) return [...chain.lines(name)];
  return [{ place: placeAt(chain.target(name, {})), weight: 1 }];
}

type Version = { readonly target: Target; weight: number };

/** The versions of a document, each with the instances behind it. */
class ImportedVersions {
  readonly #of: Translation;
  readonly #chain: ImportChain;
  readonly #versions = new Map<string, Version>();

  constructor(of: Translation, chain: ImportChain) {
    this.#of = of;
    this.#chain = chain;
  }

  /** Adds weight to the version of a place, which is made if there is none. Returns its name. */
  add(place: EntryPlace, weight: number): string {
    const { name, findings } = this.#of;
    const target = this.#chain.target(name, place);
    const version = versionNameOf(name, place);
    const before = this.#versions.get(version);
    if (before === undefined) {
      this.#versions.set(version, { target, weight });
      return version;
    }
    before.weight += weight;
    if (!isSame(before.target, target)) {
      const advice = "two groups of instances would have this name; rename a subset in Consul";
      findings.refuse(`version ${version}`, advice);
    }
    return version;
  }

  /** The version with these instances. undefined: none. */
  find(target: Target): string | undefined {
    return [...this.#versions].find(([, each]) => isSame(each.target, target))?.[0];
  }

  /** Names and instances, those with traffic first. */
  list(): readonly (readonly [string, Target])[] {
    return [...this.#versions].map(([version, { target }]) => [version, target]);
  }

  document(): ServiceDocument["versions"] {
    const entries = [...this.#versions].map(([version, { target, weight }]) => {
      return [version, { weight, consul: selectorOf(target) }] as const;
    });
    return recordOf(entries);
  }
}

/** A failover of Consul's is our `stable`: one version that takes the share of the others. */
function stableOf(
  { name, findings }: Translation,
  chain: ImportChain,
  versions: ImportedVersions,
): string | undefined {
  const found = versions.list().flatMap(([, target]) => chain.failovers(target));
  const first = found[0];
  if (first === undefined) return undefined;
  if (found.some(({ target }) => !isSame(target, first.target))) {
    const advice =
      "versions fail over to one version here (`stable`), which has no other behind it";
    findings.refuse(`Failover of ${name}`, advice);
  }
  const stable = versions.find(first.target) ?? versions.add(first.place, 0);
  findings.note(`Failover of ${name}`, `all versions without instances fail over to ${stable}`);
  return stable;
}

/** Subsets that get nothing are versions too, so that somebody can shift to them. */
function addUnused(
  { name, entries }: Translation,
  chain: ImportChain,
  all: ImportedVersions,
): void {
  const resolver = entries.get(name)?.resolver;
  if (resolver?.Redirect) return;
  for (const subset of Object.keys(resolver?.Subsets ?? {})) {
    const place = { ServiceSubset: subset };
    if (all.find(chain.target(name, place)) === undefined) all.add(place, 0);
  }
}

/** OnlyPassing is a setting of the whole sidecar here. */
function noteWarnings({ findings, warningIsHealthy }: Translation, all: ImportedVersions): void {
  const different = all.list().filter(([, { onlyPassing }]) => onlyPassing === warningIsHealthy);
  if (different.length === 0) return;
  const text = warningIsHealthy
    ? "OnlyPassing leaves out instances in state warning; `consul.warningIsHealthy` lets them in"
    : "without OnlyPassing Consul's mesh uses instances in state warning; here that takes " +
      "`consul: { warningIsHealthy: true }`";
  findings.note(different.map(([version]) => version).join(", "), text);
}

function longest(
  { name, findings }: Translation,
  versions: ImportedVersions,
  key: "ConnectTimeout" | "RequestTimeout",
): string | undefined {
  const resolvers = new Set(versions.list().flatMap(([, { resolver }]) => resolver ?? []));
  const found = [...resolvers].map((resolver) => ({ from: resolver.Name, value: resolver[key] }));
  return longestDuration(`${key} of ${name}`, found, findings);
}

/**
 * `Service.Meta.version == v1` is our `version: v1`: it shares its query with the other versions.
 */
function selectorOf({ service, filter, datacenter }: Target): {
  service: string;
  datacenter?: string;
  version?: string;
  filter?: string;
} {
  const from = { service, ...(datacenter !== "" && { datacenter }) };
  if (filter === undefined) return from;
  const [, version] = /^\s*Service\.Meta\.version\s*==\s*"?([\w.-]+)"?\s*$/.exec(filter) ?? [];
  return version === undefined ? { ...from, filter } : { ...from, version };
}
