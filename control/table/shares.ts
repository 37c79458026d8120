import { WEIGHT_MAX } from "../../proxy/table/snapshot.ts";
import type { Problem } from "../base/errors.ts";
import { sumOf } from "./serving.ts";

/** A share of a service's requests as people write it: `10%`, `0.5%`. */
export const SHARE_PATTERN = /^(?:100(?:\.0{1,2})?|\d{1,2}(?:\.\d{1,2})?)%$/;

/** Parts of 100 %: shares have at most two decimals. */
const WHOLE = 10_000;

/** Sums of weights that are easy to read as shares, the easiest one first. */
const ROUND_SUMS = [100, 1_000, WHOLE] as const;

/** Weights by version, or why there cannot be such shares. */
export type SharedWeights =
  | { readonly kind: "weights"; readonly weights: ReadonlyMap<string, number> }
  | { readonly kind: "wrong"; readonly problem: Problem };

/**
 * The weights by which versions get the shares that are asked for, while all others share the rest
 * in the proportions of their weights in `before`. They are exact, as long as WEIGHT_MAX allows,
 * and sum up to 100 where they can. Each share must be of SHARE_PATTERN, each name one of `before`.
 */
export function weightsForShares(
  before: ReadonlyMap<string, number>,
  shares: ReadonlyMap<string, string>,
): SharedWeights {
  const parts = new Map([...shares].map(([name, share]) => [name, partsOf(share)]));
  const asked = sumOf([...parts.values()]);
  const others = [...before].filter(([name]) => !parts.has(name));
  const rest = sumOf(others.map(([, weight]) => weight));
  if (asked > WHOLE) return wrong("shares of at most 100% together", asked);
  if (rest === 0 && asked < WHOLE) {
    return wrong("shares of 100% together, as no other version has weight", asked);
  }
  const raw = [...before].map(([name, weight]): [string, number] => {
    const own = parts.get(name);
    return [name, own === undefined ? (WHOLE - asked) * weight : own * Math.max(1, rest)];
  });
  return { kind: "weights", weights: new Map(readable(raw)) };
}

/** `0.5%` is 50. */
function partsOf(share: string): number {
  return Math.round(Number(share.slice(0, -1)) * (WHOLE / 100));
}

/** The same proportions in small numbers. */
function readable(weights: readonly [string, number][]): [string, number][] {
  const divisor = weights.reduce((common, [, weight]) => greatestDivisor(common, weight), 0);
  const sum = sumOf(weights.map(([, weight]) => weight / divisor));
  const most = Math.max(...weights.map(([, weight]) => weight / divisor));
  const round = ROUND_SUMS.find((each) => each % sum === 0) ?? sum;
  const scale = Math.min(round / sum, WEIGHT_MAX / most) / divisor;
  return weights.map(([name, weight]) => [
    name,
    // A share that is small must not become none.
    weight === 0 ? 0 : Math.max(1, Math.round(weight * scale)),
  ]);
}

function greatestDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestDivisor(right, left % right);
}

function wrong(wanted: string, parts: number): SharedWeights {
  const found = `${parts / (WHOLE / 100)}%`;
  return { kind: "wrong", problem: { path: "", wanted, found } };
}
