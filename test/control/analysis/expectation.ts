import { logGamma } from "../../../control/analysis/log-gamma.ts";

/** The mean of a value over two independent binomial counts, exactly. */
export function meanOverCounts(
  canary: { readonly n: number; readonly p: number },
  stable: { readonly n: number; readonly p: number },
  valueOf: (canaryHits: number, stableHits: number) => number,
): number {
  let sum = 0;
  for (let k1 = 0; k1 <= canary.n; k1 += 1) {
    for (let k0 = 0; k0 <= stable.n; k0 += 1) {
      sum += chanceOf(k1, canary) * chanceOf(k0, stable) * valueOf(k1, k0);
    }
  }
  return sum;
}

function chanceOf(k: number, { n, p }: { readonly n: number; readonly p: number }): number {
  const ways = Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1));
  return ways * p ** k * (1 - p) ** (n - k);
}
