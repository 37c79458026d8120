import { z } from "zod";
import { recordOf } from "../base/record-of.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Consul's smallest share is 0.01 %: "The smallest representable weight is 1/10000 or .01%". */
const HUNDREDTHS = 10_000;

/** One line of a splitter. `Weight` is a percentage with two decimals. */
const splitSchema = z.looseObject({
  Weight: z.number().min(0).max(100),
  Service: z.string().nullish(),
  ServiceSubset: z.string().nullish(),
});

const splitterSchema = z.looseObject({
  Kind: z.literal("service-splitter"),
  Name: z.string(),
  Splits: z.array(splitSchema),
  ModifyIndex: z.number(),
});

/** Part of an entry that may be missing or, as Go writes what is empty, null. */
const placeSchema = z.looseObject({
  Service: z.string().nullish(),
  ServiceSubset: z.string().nullish(),
  Datacenter: z.string().nullish(),
});

/** Go's durations are texts such as `1m30s`, or nanoseconds. */
const goDuration = z.union([z.string(), z.number()]).nullish();

const subsetSchema = z.looseObject({
  Filter: z.string().nullish(),
  OnlyPassing: z.boolean().nullish(),
});

const failoverSchema = placeSchema.extend({
  Datacenters: z.array(z.string()).nullish(),
  Targets: z.array(placeSchema).nullish(),
});

const resolverSchema = z.looseObject({
  Kind: z.literal("service-resolver"),
  Name: z.string(),
  DefaultSubset: z.string().nullish(),
  Subsets: z.record(z.string(), subsetSchema).nullish(),
  Redirect: placeSchema.nullish(),
  Failover: z.record(z.string(), failoverSchema).nullish(),
  ConnectTimeout: goDuration,
  RequestTimeout: goDuration,
});

const valueSchema = z.looseObject({ Name: z.string(), Exact: z.string().nullish() });

const routeSchema = z.looseObject({
  Match: z
    .looseObject({
      HTTP: z
        .looseObject({
          PathExact: z.string().nullish(),
          PathPrefix: z.string().nullish(),
          Header: z.array(valueSchema).nullish(),
          QueryParam: z.array(valueSchema).nullish(),
          Methods: z.array(z.string()).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  Destination: placeSchema
    .extend({
      RequestTimeout: goDuration,
      IdleTimeout: goDuration,
      NumRetries: z.number().nullish(),
      RetryOnConnectFailure: z.boolean().nullish(),
      RetryOnStatusCodes: z.array(z.number()).nullish(),
      RetryOn: z.array(z.string()).nullish(),
    })
    .nullish(),
});

const routerSchema = z.looseObject({
  Kind: z.literal("service-router"),
  Name: z.string(),
  Routes: z.array(routeSchema).nullish(),
});

/** A `service-splitter` entry; fields that are not ours are kept. */
export type Splitter = z.output<typeof splitterSchema>;

/** A `service-resolver` entry. */
export type Resolver = z.output<typeof resolverSchema>;

/** A `service-router` entry. */
export type Router = z.output<typeof routerSchema>;

/** Instances as an entry names them. Absent, null or empty: the same service, and no subset. */
export type EntryPlace = {
  readonly Service?: string | null | undefined;
  readonly ServiceSubset?: string | null | undefined;
  readonly Datacenter?: string | null | undefined;
};

/** One route of a router. */
export type ConsulRoute = z.output<typeof routeSchema>;

/** @throws ConsulError consul_unreadable */
export function parseSplitter(entry: unknown): Splitter {
  return parseEntry(splitterSchema, "service-splitter", entry);
}

/** Where requests go that a target of a resolver has no instances for. */
export type Failover = z.output<typeof failoverSchema>;

/** @throws ConsulError consul_unreadable */
export function parseResolver(entry: unknown): Resolver {
  return parseEntry(resolverSchema, "service-resolver", entry);
}

/** @throws ConsulError consul_unreadable */
export function parseRouter(entry: unknown): Router {
  return parseEntry(routerSchema, "service-router", entry);
}

/**
 * What we call the instances that a line of an entry of `own` names: by the subset, those of
 * another service with it in front, as two services may have subsets of one name. Digits alone are
 * no name for a version.
 */
export function versionNameOf(own: string, place: EntryPlace): string {
  const service = place.Service || own;
  const subset = place.ServiceSubset || "";
  const foreign = subset === "" ? service : `${service}-${subset}`;
  const near = service === own && subset !== "" ? subset : foreign;
  const name = place.Datacenter ? `${near}-${place.Datacenter}` : near;
  return /^\d+$/.test(name) ? `v${name}` : name;
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
 * A splitter's weights as ours, in hundredths of a percent, by the names of versionNameOf().
 * @throws ConsulError consul_refused when two lines with different instances have one name
 */
export function toWeights(splitter: Splitter): Readonly<Record<string, number>> {
  const weights = new Map<string, { readonly place: string; readonly weight: number }>();
  for (const split of splitter.Splits) {
    const version = versionNameOf(splitter.Name, split);
    const place = JSON.stringify([split.Service || splitter.Name, split.ServiceSubset || ""]);
    const before = weights.get(version);
    if (before !== undefined && before.place !== place) {
      const reason = `two of its lines would be the version ${version}`;
      throw new ConsulError("consul_refused", `read service-splitter ${splitter.Name}`, reason);
    }
    weights.set(version, { place, weight: (before?.weight ?? 0) + hundredthsOf(split.Weight) });
  }
  return recordOf([...weights].map(([version, { weight }]) => [version, weight] as const));
}

/** Hundredths of a percent, as Consul rounds them. */
export function hundredthsOf(percentage: number): number {
  return Math.round(percentage * 100);
}

/**
 * The splitter with our weights; lines for the same version keep their other fields. A version that
 * gets nothing and has no line needs none: it may be no subset, but where routes or failovers lead.
 */
export function entryWithWeights(
  splitter: Splitter,
  weights: Readonly<Record<string, number>>,
): Splitter {
  const Splits = Object.entries(toPercentages(weights)).flatMap(([version, Weight]) => {
    const kept = splitter.Splits.find((split) => versionNameOf(splitter.Name, split) === version);
    if (kept === undefined && Weight === 0) return [];
    const made = version === splitter.Name ? {} : { ServiceSubset: version };
    return [{ ...(kept ?? made), Weight }];
  });
  return { ...splitter, Splits };
}

function parseEntry<Output>(schema: z.ZodType<Output>, kind: string, entry: unknown): Output {
  const parsed = schema.safeParse(entry);
  if (parsed.success) return parsed.data;
  throw new ConsulError("consul_unreadable", `read ${kind}`, z.prettifyError(parsed.error));
}
