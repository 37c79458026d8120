import { UnknownServiceError, UnknownVersionError } from "../base/errors.ts";
import { RolloutStartError } from "./rollout-errors.ts";
import type { RolloutTable } from "./rollout-table.ts";
import type { VersionWeights } from "./rollout-weights.ts";

/** Which versions somebody names. `from` absent: the only one that has traffic. */
export type VersionsAsked = {
  readonly service: string;
  readonly to: string;
  readonly from?: string | undefined;
};

/** Where a rollout begins. */
export type RolloutStart = {
  /** The version that has the traffic. */
  readonly from: string;
  readonly before: VersionWeights;
  readonly revision: number;
};

/**
 * The version that a rollout takes traffic from, and the weights before it.
 * @throws UnknownServiceError, UnknownVersionError, RolloutStartError
 */
export function stableOf(
  request: VersionsAsked,
  table: Pick<RolloutTable, "weights">,
): RolloutStart {
  const { service, to } = request;
  const found = table.weights(service);
  if (found === undefined) throw new UnknownServiceError(service);
  const { weights, revision } = found;
  for (const version of [to, request.from ?? to]) {
    if (!Object.hasOwn(weights, version)) throw new UnknownVersionError(service, version);
  }
  const others = Object.keys(weights).filter((name) => name !== to && (weights[name] ?? 0) > 0);
  const from = request.from ?? (others.length === 1 ? others[0] : undefined);
  if (others.length === 0 && (weights[to] ?? 0) > 0) {
    throw new RolloutStartError(service, "a version without traffic", `${to}, which has all of it`);
  }
  if (from === undefined) {
    const names = others.length === 0 ? "no version with weight" : others.join(", ");
    throw new RolloutStartError(service, "`from`, the version that has the traffic", names);
  }
  if (from === to || (weights[from] ?? 0) === 0) {
    throw new RolloutStartError(service, `a weight above 0 of ${from}`, `${weights[from] ?? 0}`);
  }
  if (weights[to] !== 0) {
    throw new RolloutStartError(service, `weight 0 of ${to}`, `${weights[to]}`);
  }
  return { from, before: weights, revision };
}
