import { listed } from "../base/listed.ts";

/** What is known of the endpoints of a registry, for people. */
export type DiscoveryState = {
  /** See ConsulDiscovery.stalenessMs(). */
  readonly stalenessMs: number;
  /** Why, in Consul's words; may repeat. */
  readonly reasons: readonly string[];
  /** Prepared queries that are answered from elsewhere, `query web to datacenter dc2`. */
  readonly failovers: readonly string[];
  /** Versions with traffic that have no instance, `web v1`. */
  readonly missing: readonly string[];
  /** Versions that are kept against Consul's word. */
  readonly kept: readonly string[];
  /** Versions of which Consul has more instances than we use. */
  readonly cut: readonly string[];
  /** What versions say by Meta that cannot be read or differs, `web v1: …`. */
  readonly compat: readonly string[];
  /** See AgentTurns.problem. */
  readonly crowd: string | undefined;
};

/** What may be wrong with the endpoints, in sentences. Empty: nothing. */
export function discoveryProblems(state: DiscoveryState): readonly string[] {
  const { stalenessMs, reasons, failovers, missing, kept, cut, compat, crowd } = state;
  const seconds = Math.ceil(stalenessMs / 1_000);
  const why = reasons.length === 0 ? "" : ` (${listed([...new Set(reasons)])})`;
  return [
    ...(stalenessMs > 0 ? [`endpoints: not confirmed by Consul for ${seconds} s${why}`] : []),
    ...(failovers.length > 0 ? [`instances: Consul fails over ${listed(failovers)}`] : []),
    ...(missing.length > 0 ? [`instances: Consul has none for ${listed(missing)}`] : []),
    ...(kept.length > 0
      ? [`instances: Consul has none left for ${listed(kept)}, kept a while`]
      : []),
    ...(cut.length > 0
      ? [`instances: Consul has more than are used for ${listed(cut)}, healthy ones first`]
      : []),
    ...(compat.length > 0 ? [`compat by Consul's Meta: ${listed(compat)}`] : []),
    ...(crowd === undefined ? [] : [crowd]),
  ];
}
