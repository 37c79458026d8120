import { normalBelow } from "./latency-draws.ts";

/** BrentSolver's absolute tolerance, and its limit of iterations. */
const TOLERANCE = 1e-4;
const ITERATIONS_MAX = 1_001;

/** Two samples, of which x may be shifted against y. */
export type Shift = { readonly x: readonly number[]; readonly y: readonly number[] };

/**
 * One end of the confidence interval for the shift of x against y, at the quantile `z` of the
 * normal distribution. `z` 0: the Hodges-Lehmann estimate. Both are sorted. undefined: all are
 * tied.
 */
export function shiftAt({ x, y }: Shift, z: number): number | undefined {
  const low = (x[0] as number) - (y.at(-1) as number);
  const high = (x.at(-1) as number) - (y[0] as number);
  const f = (shift: number): number => rankSum(shift, x, y) - z;
  const atLow = f(low);
  const atHigh = f(high);
  if (Number.isNaN(atLow) || Number.isNaN(atHigh)) return undefined;
  if (z !== 0 && atLow <= 0) return low;
  if (z !== 0 && atHigh >= 0) return high;
  return brent([low, atLow], [high, atHigh], f);
}

/** The quantile of the normal distribution for the probability `p`. */
export function normalQuantile(p: number): number {
  let low = -8;
  let high = 8;
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

/** The standardised rank sum, corrected for ties and continuity. NaN: all are tied. */
function rankSum(shift: number, x: readonly number[], y: readonly number[]): number {
  const all = [
    ...x.map((value) => ({ value: value - shift, isX: true })),
    ...y.map((value) => ({ value, isX: false })),
  ].toSorted((a, b) => a.value - b.value);
  const m = x.length;
  const n = y.length;
  const { sum, ties } = ranksOf(all);
  const difference = sum - (m * (m + 1)) / 2 - (m * n) / 2;
  const spread = (m * n * (m + n + 1 - ties / ((m + n) * (m + n - 1)))) / 12;
  if (spread <= 0) return Number.NaN;
  return (difference - Math.sign(difference) * 0.5) / Math.sqrt(spread);
}

type Ranked = { readonly value: number; readonly isX: boolean };

function ranksOf(all: readonly Ranked[]): { readonly sum: number; readonly ties: number } {
  let sum = 0;
  let ties = 0;
  for (let start = 0; start < all.length;) {
    const { value } = all[start] as Ranked;
    const after = all.findIndex((each, index) => index > start && each.value !== value);
    const end = after === -1 ? all.length : after;
    const length = end - start;
    ties += length ** 3 - length;
    const ofX = all.slice(start, end).filter(({ isX }) => isX).length;
    sum += (ofX * (start + 1 + end)) / 2;
    start = end;
  }
  return { sum, ties };
}

type Place = readonly [x: number, y: number];

/** Brent's method as Apache Commons Math has it (BrentSolver.solve). */
function brent(first: Place, second: Place, f: (x: number) => number): number {
  let [a, fa] = first;
  let [b, fb] = second;
  if (fa === 0) return a;
  let [c, fc] = [a, fa];
  let last = b - a;
  let step = last;
  for (let iteration = 0; iteration < ITERATIONS_MAX; iteration += 1) {
    if (Math.abs(fc) < Math.abs(fb)) [a, b, c, fa, fb, fc] = [b, c, b, fb, fc, fb];
    const tolerance = 2 * Number.EPSILON * Math.abs(b) + TOLERANCE / 2;
    const half = (c - b) / 2;
    if (Math.abs(half) <= tolerance || fb === 0) return b;
    const mayGuess = Math.abs(last) >= tolerance && Math.abs(fa) > Math.abs(fb);
    const guess = mayGuess ? interpolated([a, fa], [b, fb], [c, fc]) : undefined;
    const isGood =
      guess !== undefined &&
      2 * guess.p < 3 * half * guess.q - Math.abs(tolerance * guess.q) &&
      guess.p < Math.abs((last * guess.q) / 2);
    last = isGood ? step : half;
    step = isGood ? guess.p / guess.q : half;
    [a, fa] = [b, fb];
    b += Math.abs(step) > tolerance ? step : Math.sign(half) * tolerance;
    fb = f(b);
    if (Math.sign(fb) === Math.sign(fc)) {
      [c, fc] = [a, fa];
      last = b - a;
      step = last;
    }
  }
  return b;
}

/** The step from b as p / q, by a line through a and b or a parabola through all three. */
function interpolated([a, fa]: Place, [b, fb]: Place, [c, fc]: Place): { p: number; q: number } {
  const half = (c - b) / 2;
  const s = fb / fa;
  if (a === c) return positive(2 * half * s, 1 - s);
  const q = fa / fc;
  const r = fb / fc;
  const p = s * (2 * half * q * (q - r) - (b - a) * (r - 1));
  return positive(p, (q - 1) * (r - 1) * (s - 1));
}

function positive(p: number, q: number): { p: number; q: number } {
  return p > 0 ? { p, q: -q } : { p: -p, q };
}
