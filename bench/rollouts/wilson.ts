/** 95 % confidence, in standard deviations. */
const Z = 1.96;

/** A proportion with its confidence interval (Wilson 1927), 0 … 1. */
export type Part = { readonly part: number; readonly low: number; readonly high: number };

/** The proportion of `k` in `n`, which is at least 1. */
export function partOf(k: number, n: number): Part {
  const part = k / n;
  const scale = 1 + (Z * Z) / n;
  const middle = part + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((part * (1 - part)) / n + (Z * Z) / (4 * n * n));
  return {
    part,
    low: Math.max(0, (middle - half) / scale),
    high: Math.min(1, (middle + half) / scale),
  };
}

/** `0.63 % [0.50, 0.81]`. */
export function partText({ part, low, high }: Part): string {
  const percent = (value: number): string => (100 * value).toFixed(2);
  return `${percent(part)} % [${percent(low)}, ${percent(high)}]`;
}
