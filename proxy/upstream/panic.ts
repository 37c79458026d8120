import type { Endpoint } from "./endpoint.ts";

/**
 * Whether so few of a version's endpoints are usable that those which are out must help (Envoy's
 * panic threshold): fewer than `percent` of all that nobody has taken out on purpose. Not where
 * none is left: such a version is out as a whole, and another one may take its share. `percent` 0:
 * never.
 */
export function panics(
  endpoints: Iterable<Pick<Endpoint, "isWanted" | "isWell">>,
  percent: number,
): boolean {
  let wanted = 0;
  let well = 0;
  for (const endpoint of endpoints) {
    if (!endpoint.isWanted) continue;
    wanted += 1;
    if (endpoint.isWell) well += 1;
  }
  return well > 0 && well * 100 < percent * wanted;
}
