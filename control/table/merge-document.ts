import { isDeepStrictEqual } from "node:util";
import { canonicalEndpoint, namedAddress } from "../config/address.ts";
import type { ServiceDocument } from "../config/service-schema.ts";

type Versions = ServiceDocument["versions"];
type VersionDocument = Versions[string];
type Fields = Readonly<Record<string, unknown>>;
type AllVersions = { readonly before: Versions; readonly next: Versions; readonly live: Versions };

/** One thing in its three forms. undefined: it is not there. */
type Three<Value> = {
  readonly before: Value | undefined;
  readonly next: Value | undefined;
  readonly live: Value | undefined;
};

/** What a version weighs that stands alone and leaves its weight out. */
const LONE_WEIGHT = 1;

/**
 * What becomes of a service when its file changes from `before` to `next` while `live` is in force:
 * what the file changed is as in the file, all else stays as somebody has made it since. That goes
 * for each key of the service, of its versions and of their `endpointStates`.
 *
 * Weights mean something only together: when the file changes one that it had before, or when no
 * weight would be left, those of the file count. A version that only `live` has stays; one that
 * somebody has removed stays away until the file changes it. Whether the result can be is for its
 * reader to say.
 */
export function mergeDocument(
  before: ServiceDocument,
  next: ServiceDocument,
  live: ServiceDocument,
): ServiceDocument {
  if (isDeepStrictEqual(before, live)) return next;
  const versions = { before: before.versions, next: next.versions, live: live.versions };
  const fields = mergeFields({ before, next, live });
  return { ...fields, versions: mergeVersions(versions) };
}

function mergeVersions(all: AllVersions): Versions {
  const merged = namesOf(all).flatMap((name): [string, VersionDocument][] => {
    const version = mergeVersion({
      before: at(all.before, name),
      next: at(all.next, name),
      live: at(all.live, name),
    });
    return version === undefined ? [] : [[name, version]];
  });
  const names = merged.map(([name]) => name);
  const weights = keptWeights(all, names) ?? all.next;
  const weighed = merged.map(([name, { weight, ...rest }]): [string, VersionDocument] => {
    const one = at(weights, name) ?? { weight };
    const its = one.weight ?? (names.length > 1 ? LONE_WEIGHT : undefined);
    return [name, its === undefined ? rest : { ...rest, weight: its }];
  });
  return Object.fromEntries(weighed);
}

/** The versions whose weights stay. undefined: those of the file count. */
function keptWeights(
  { before, next, live }: AllVersions,
  names: readonly string[],
): Versions | undefined {
  const isReweighed = Object.keys(next).some((name) => {
    const old = at(before, name);
    return old !== undefined && weightOf(old) !== weightOf(at(next, name));
  });
  const kept = { ...next, ...live };
  const isLeft = names.some((name) => weightOf(at(kept, name)) > 0);
  return isReweighed || !isLeft ? undefined : kept;
}

/** All but the weight, which is a matter of all versions. */
function mergeVersion({ before, next, live }: Three<VersionDocument>): VersionDocument | undefined {
  if (next === undefined) return before === undefined ? live : undefined;
  if (live === undefined) return isDeepStrictEqual(before, next) ? undefined : next;
  if (before === undefined) {
    // The file has caught up with a version that somebody had added: its states stay.
    const { state: _state, ...rest } = next;
    const { state, endpointStates = {} } = live;
    return withStates(state === undefined ? rest : { ...rest, state }, endpointStates);
  }
  const merged = mergeFields({ before, next, live }) as VersionDocument;
  const states = mergeFields({
    before: before.endpointStates,
    next: next.endpointStates,
    live: live.endpointStates,
  });
  return withStates(merged, states);
}

/** States of endpoints that the version may have. Of an endpoint that has gone none is left. */
function withStates(
  { endpointStates: _old, ...version }: VersionDocument,
  states: Fields,
): VersionDocument {
  const known = version.endpoints?.map((each) => (typeof each === "string" ? each : each.address));
  const addresses = new Set(known?.map((each) => canonicalEndpoint(each) ?? each));
  const isOpen =
    known === undefined || [...addresses].some((each) => namedAddress(each) !== undefined);
  const left = Object.entries(states).filter(
    ([address]) => isOpen || addresses.has(canonicalEndpoint(address) ?? address),
  );
  if (left.length === 0) return version;
  return { ...version, endpointStates: Object.fromEntries(left) } as VersionDocument;
}

/** Each key as in `next` where that differs from `before`, else as in `live`. */
function mergeFields({ before = {}, next = {}, live = {} }: Three<Fields>): Fields {
  const keys = new Set([...Object.keys(next), ...Object.keys(live)]);
  const merged = [...keys].flatMap((key): [string, unknown][] => {
    const isAsWas = isDeepStrictEqual(at(before, key), at(next, key));
    const value = at(isAsWas ? live : next, key);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(merged);
}

/**
 * Names in the order that counts, as the first version is stable unless the service says otherwise:
 * that in force, unless the file has another first one than before.
 */
function namesOf({ before, next, live }: AllVersions): readonly string[] {
  const isLedAsBefore = Object.keys(before)[0] === Object.keys(next)[0];
  const [first, second] = isLedAsBefore ? [live, next] : [next, live];
  return [...new Set([...Object.keys(first), ...Object.keys(second)])];
}

/** A member of its own: names such as `constructor` are names. */
function at<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function weightOf(version: VersionDocument | undefined): number {
  return version === undefined ? 0 : (version.weight ?? LONE_WEIGHT);
}
