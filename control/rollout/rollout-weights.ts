import { WEIGHT_MAX } from "../../proxy/table/snapshot.ts";

/** Weights by version. */
export type VersionWeights = Readonly<Record<string, number>>;

/** Which weights a rollout moves, from one version to the other. */
export type Pair = { readonly from: string; readonly to: string };

/** The weights of both versions add up to at least this, so that 0.2 % is a whole number. */
const SUM_WANTED = 10_000;

/**
 * The weights at which `to` has this share, 0 … 1, of what both versions have in `before`; all
 * others keep their proportions. At 0 and 1 they are in the small numbers of `before`.
 */
export function weightsAt(
  before: VersionWeights,
  { from, to }: Pair,
  share: number,
): VersionWeights {
  const sum = (before[from] ?? 0) + (before[to] ?? 0);
  if (share <= 0) return { ...before, [from]: sum, [to]: 0 };
  if (share >= 1) return { ...before, [from]: 0, [to]: sum };
  const factor = factorFor(before, sum);
  const scaled = Object.entries(before).map(([name, weight]) => [name, weight * factor] as const);
  const canary = Math.min(sum * factor - 1, Math.max(1, Math.round(sum * factor * share)));
  return { ...Object.fromEntries(scaled), [from]: sum * factor - canary, [to]: canary };
}

/** Whether weights in force are those that are wanted; versions that are gone do not count. */
export function areInForce(wanted: VersionWeights, found: VersionWeights): boolean {
  return Object.entries(wanted).every(([name, weight]) => (found[name] ?? weight) === weight);
}

/** A power of ten. */
function factorFor(before: VersionWeights, sum: number): number {
  const most = Math.max(sum, ...Object.values(before));
  let factor = 1;
  while (sum * factor < SUM_WANTED && most * factor * 10 <= WEIGHT_MAX) factor *= 10;
  return factor;
}
