import { hash32 } from "./hash.ts";
import { newWeights } from "./effective-weights.ts";
import type { ServiceSnapshot, VersionSnapshot } from "./snapshot.ts";

/** A version, compiled for choosing. */
export type VersionTable = {
  readonly name: string;
  readonly snapshot: VersionSnapshot;
  /** Its place in ServiceTable.versions. -1: the stand-in for `stable` of a service without any. */
  readonly index: number;
  /** The name's part in rendezvous hashing, an int32. */
  readonly hash: number;
  /** As configured, whatever the state. */
  readonly weight: number;
  /**
   * Its weight for requests without a key. 0 in drain and maint; stable's includes what those give
   * up.
   */
  readonly newWeight: number;
  /** Its weight for requests with a key. 0 in maint: see pickByKey for who gets those keys. */
  readonly keyedWeight: number;
  /** Formats of state that it reads. undefined: nobody says, so it may have any. */
  readonly reads: readonly number[] | undefined;
  /** The format that it writes. 0: none, or nobody says. */
  readonly writes: number;
};

/** Any fixed number: another one would choose other keys everywhere. */
const NAME_SEED = 0x2f6b1d35;

/** Compiles the versions of a service, in their order. */
export function compileVersions(service: ServiceSnapshot): readonly VersionTable[] {
  const weights = newWeights(service);
  return service.versions.map((version, index) =>
    versionTable(version, { index, newWeight: weights[index] ?? 0 }),
  );
}

/** The version that `service.stable` names; the first one when it names none. */
export function stableVersion(
  service: ServiceSnapshot,
  versions: readonly VersionTable[],
): VersionTable {
  const named = versions.find((version) => version.name === service.stable) ?? versions[0];
  if (named) return named;
  const nothing = { name: service.stable, weight: 0, state: "maint", endpoints: [] } as const;
  return versionTable(nothing, { index: -1, newWeight: 0 });
}

function versionTable(
  snapshot: VersionSnapshot,
  place: { readonly index: number; readonly newWeight: number },
): VersionTable {
  const { name, weight, state, compat } = snapshot;
  return {
    name,
    snapshot,
    index: place.index,
    hash: hash32(name, NAME_SEED),
    weight,
    newWeight: place.newWeight,
    keyedWeight: state === "maint" ? 0 : weight,
    reads: compat?.reads,
    writes: compat?.writes ?? 0,
  };
}
