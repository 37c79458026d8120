import type { ServiceSnapshot, VersionSnapshot } from "./snapshot.ts";

/**
 * The weights of unkeyed requests and new sessions by the versions' states, in their order.
 *
 * A version that is not ready gives its weight to stable, so that no other canary grows by it. If
 * stable itself is not ready, the operator has asked for that, so the ready versions share
 * everything in proportion to their weights. (Ill health never does that: see `fallback`.)
 */
export function newWeights(service: ServiceSnapshot): number[] {
  return handToStable(service, {
    weights: service.versions.map((version) => version.weight),
    keeps: (version) => version.state === "ready",
    takes: (stable) => stable.state === "ready",
  });
}

/**
 * The weights by which versions of a service get requests without a key right now, in their order:
 * `newWeights` after health. A version that is not usable counts 0 and its weight goes to stable.
 * If stable cannot take it either, it is lost, and the sum falls below that of `newWeights`: that
 * part of the requests gets 503.
 */
export function effectiveWeights(
  service: ServiceSnapshot,
  isUsable: (version: VersionSnapshot) => boolean,
): number[] {
  return handToStable(service, {
    weights: newWeights(service),
    keeps: isUsable,
    takes: (stable) => stable.state !== "maint" && isUsable(stable),
  });
}

type Rule = {
  readonly weights: readonly number[];
  readonly keeps: (version: VersionSnapshot) => boolean;
  readonly takes: (stable: VersionSnapshot) => boolean;
};

function handToStable(service: ServiceSnapshot, rule: Rule): number[] {
  const { versions } = service;
  const named = versions.findIndex((version) => version.name === service.stable);
  const stableAt = Math.max(named, 0);
  const kept = versions.map((version, at) => (rule.keeps(version) ? (rule.weights[at] ?? 0) : 0));
  const stable = versions[stableAt];
  if (!stable || !rule.takes(stable)) return kept;
  const given = sum(rule.weights) - sum(kept);
  kept[stableAt] = (kept[stableAt] ?? 0) + given;
  return kept;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
