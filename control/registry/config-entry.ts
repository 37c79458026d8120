import { z } from "zod";
import { recordOf } from "../base/record-of.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Consul's smallest share is 0.01 %: "The smallest representable weight is 1/10000 or .01%". */
const HUNDREDTHS = 10_000;

const splitSchema = z.looseObject({
  Weight: z.number().min(0).max(100),
  Service: z.string().optional(),
  ServiceSubset: z.string().optional(),
});

const splitterSchema = z.looseObject({
  Kind: z.literal("service-splitter"),
  Name: z.string(),
  Splits: z.array(splitSchema),
  ModifyIndex: z.number(),
});

const subsetSchema = z.looseObject({ Filter: z.string().optional() });

const resolverSchema = z.looseObject({
  Kind: z.literal("service-resolver"),
  Name: z.string(),
  DefaultSubset: z.string().optional(),
  Subsets: z.record(z.string(), subsetSchema).nullish(),
});

/** A `service-splitter` entry; fields that are not ours are kept. */
export type Splitter = z.output<typeof splitterSchema>;

/** A `service-resolver` entry. */
export type Resolver = z.output<typeof resolverSchema>;

/** One line of a splitter. `Weight` is a percentage with two decimals. */
type Split = z.output<typeof splitSchema>;

/** @throws ConsulError consul_unreadable */
export function parseSplitter(entry: unknown): Splitter {
  return parseEntry(splitterSchema, "service-splitter", entry);
}

/** @throws ConsulError consul_unreadable */
export function parseResolver(entry: unknown): Resolver {
  return parseEntry(resolverSchema, "service-resolver", entry);
}

/**
 * Turns relative weights into percentages with two decimals whose sum is exactly 100, as Consul
 * demands. Largest remainder: each share is within 0.01 points of the exact one. A weight above 0
 * never becomes 0, so that a small canary stays alive: what it is short of 0.01 comes from the
 * others. The sum of the weights must be above 0: Consul cannot say "nothing to anybody".
 * @throws ConsulError consul_refused
 */
export function toPercentages(
  weights: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(weights);
  const sum = entries.reduce((total, [, weight]) => total + weight, 0);
  if (sum <= 0) {
    throw new ConsulError("consul_refused", "write splitter", "the sum of the weights is 0");
  }
  const parts = entries.map(([version, weight]) => {
    const exact = (weight * HUNDREDTHS) / sum;
    const whole = weight > 0 ? Math.max(1, Math.floor(exact)) : 0;
    return { version, exact, whole };
  });
  settle(parts, HUNDREDTHS - parts.reduce((total, part) => total + part.whole, 0));
  return Object.fromEntries(parts.map(({ version, whole }) => [version, whole / 100]));
}

/** Adds or takes single hundredths where that makes the smallest error. */
function settle(parts: { readonly exact: number; whole: number }[], missing: number): void {
  for (let left = Math.abs(missing); left > 0; left -= 1) {
    const step = Math.sign(missing);
    const candidates = parts.filter((part) => part.exact > 0 && part.whole + step >= 1);
    const gain = (part: { readonly exact: number; readonly whole: number }): number =>
      step * (part.exact - part.whole);
    const best = candidates.toSorted((a, b) => gain(b) - gain(a) || b.exact - a.exact)[0];
    if (best === undefined) return;
    best.whole += step;
  }
}

/**
 * A splitter's weights as ours, in hundredths of a percent. A line without a subset stands for its
 * service.
 */
export function toWeights(splitter: Splitter): Readonly<Record<string, number>> {
  const weights = new Map<string, number>();
  for (const split of splitter.Splits) {
    const version = versionOf(split, splitter.Name);
    weights.set(version, (weights.get(version) ?? 0) + Math.round(split.Weight * 100));
  }
  return recordOf(weights);
}

/** The splitter with our weights; lines for the same version keep their other fields. */
export function entryWithWeights(
  splitter: Splitter,
  weights: Readonly<Record<string, number>>,
): Splitter {
  const Splits = Object.entries(toPercentages(weights)).map(([version, Weight]) => {
    const kept = splitter.Splits.find((split) => versionOf(split, splitter.Name) === version);
    return { ...(kept ?? { ServiceSubset: version }), Weight };
  });
  return { ...splitter, Splits };
}

/**
 * A Sluice service as Consul's entries describe one: a version for each line of the splitter, else
 * for each subset of the resolver (all weight on its default, or the first), else one for all
 * instances.
 */
export function toService(
  name: string,
  splitter: Splitter | undefined,
  resolver: Resolver | undefined,
): ServiceDocument {
  const subsets = recordOf(Object.entries(resolver?.Subsets ?? {}));
  const weights = splitter === undefined ? soleWeights(resolver, name) : toWeights(splitter);
  const services = new Map(
    splitter?.Splits.map((split) => [versionOf(split, name), split.Service ?? name]),
  );
  const versions = Object.entries(weights).map(([version, weight]) => {
    const service = services.get(version) ?? name;
    return [version, { weight, consul: toSelector(service, subsets[version]?.Filter) }] as const;
  });
  return { versions: Object.fromEntries(versions) };
}

function soleWeights(resolver: Resolver | undefined, name: string): Record<string, number> {
  const subsets = Object.keys(resolver?.Subsets ?? {});
  if (subsets.length === 0) return { [name]: 1 };
  const chosen = resolver?.DefaultSubset || subsets[0];
  return Object.fromEntries(subsets.map((subset) => [subset, subset === chosen ? 1 : 0]));
}

/**
 * `Service.Meta.version == v1` is our `version: v1`: it shares its query with the other versions.
 */
function toSelector(
  service: string,
  filter: string | undefined,
): { service: string; version?: string; filter?: string } {
  if (filter === undefined || filter === "") return { service };
  const [, version] = /^\s*Service\.Meta\.version\s*==\s*"?([\w.-]+)"?\s*$/.exec(filter) ?? [];
  return version === undefined ? { service, filter } : { service, version };
}

function versionOf(split: Split, name: string): string {
  return split.ServiceSubset || split.Service || name;
}

function parseEntry<Output>(schema: z.ZodType<Output>, kind: string, entry: unknown): Output {
  const parsed = schema.safeParse(entry);
  if (parsed.success) return parsed.data;
  throw new ConsulError("consul_unreadable", `read ${kind}`, z.prettifyError(parsed.error));
}
