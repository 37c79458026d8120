import { usageError } from "./cli-error.ts";

/** Weights as they are typed: `v1=80`, `v2=10%`. @throws CliError usage */
export function readWeights(pairs: readonly string[]): Record<string, number | string> {
  const weights = new Map<string, number | string>();
  for (const pair of pairs) {
    const [, version, weight = ""] = /^([^=]+)=(\d{1,7}|\d[\d.]{0,5}%)$/.exec(pair) ?? [];
    if (version === undefined) {
      const found = JSON.stringify(pair);
      const wanted = "VERSION=WHOLE NUMBER or VERSION=10%";
      throw usageError(`Cannot read weight: wanted ${wanted}, found ${found}`);
    }
    if (weights.has(version)) {
      throw usageError(`Cannot read weight: wanted each version once, found ${version} again`);
    }
    weights.set(version, weight.endsWith("%") ? weight : Number(weight));
  }
  return Object.fromEntries(weights);
}
