import { effectiveWeights, newWeights } from "../../proxy/table/effective-weights.ts";
import type {
  EndpointSnapshot,
  ServiceSnapshot,
  VersionSnapshot,
} from "../../proxy/table/snapshot.ts";
import { recordOf } from "../base/record-of.ts";

/** Configured weight / sum of weights by version; all 0 when the sum is. */
export function sharesOf(service: ServiceSnapshot): Record<string, number> {
  const total = sumOf(service.versions.map(({ weight }) => weight));
  return eachVersion(service, ({ weight }) => (total === 0 ? 0 : weight / total));
}

/** The weight by which each version gets requests without a key, after states and health. */
export function effectiveByVersion(service: ServiceSnapshot): Record<string, number> {
  const weights = effectiveWeights(service, hasUsableEndpoint);
  return eachVersion(service, (_version, index) => weights[index] ?? 0);
}

/** Which part of new requests finds a version that can take it, 0 … 1; the others get 503. */
export function servedShare(
  service: ServiceSnapshot,
  canTake: (version: VersionSnapshot) => boolean = hasUsableEndpoint,
): number {
  const total = sumOf(newWeights(service));
  return total === 0 ? 0 : sumOf(effectiveWeights(service, canTake)) / total;
}

/** Whether an endpoint can take new work. Ejection does not count: it never takes the last one. */
export function isUsable(endpoint: EndpointSnapshot): boolean {
  return endpoint.healthy && endpoint.state === "ready";
}

/** Whether a version has an endpoint that can take new work. */
export function hasUsableEndpoint(version: VersionSnapshot): boolean {
  return version.endpoints.some(isUsable);
}

/** Something of each version, by its name. */
export function eachVersion<Value>(
  service: ServiceSnapshot,
  valueOf: (version: VersionSnapshot, index: number) => Value,
): Record<string, Value> {
  return recordOf(
    service.versions.map((version, index) => [version.name, valueOf(version, index)] as const),
  );
}

/** The sum of numbers. */
export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
