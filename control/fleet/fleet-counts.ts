import type { FleetMember } from "../registry/sidecar-fleet.ts";
import { addedTotals } from "../views/worker-totals.ts";
import type { VersionTotals } from "../views/worker-totals.ts";
import { askMembers } from "./ask-members.ts";
import type { AskMembersDeps, MissingSidecar } from "./ask-members.ts";
import { readCounts } from "./counts-document.ts";
import type { SidecarCounts } from "./counts-document.ts";
import type { OwnCounts } from "./own-counts.ts";

/** How long everything may take: enough for hundreds that answer, or thirty that do not. */
const COLLECT_WITHIN_MS = 5_000;

/** What the live sidecars of a fleet have counted. */
export type CollectedCounts = {
  readonly sidecars: readonly SidecarCounts[];
  /** Sidecars on the list that did not tell theirs. */
  readonly missing: readonly MissingSidecar[];
};

/** What counts are collected with. */
export type FleetCountsDeps = AskMembersDeps & {
  /** @throws ConsulError */
  readonly members: () => Promise<readonly FleetMember[]>;
  readonly own: Pick<OwnCounts, "sidecar" | "of">;
};

/**
 * The counts of all sidecars that share the table. Each is asked for its own and asks nobody else,
 * so that questions cannot go in circles.
 */
export class FleetCounts {
  readonly #deps: FleetCountsDeps;

  constructor(deps: FleetCountsDeps) {
    this.#deps = deps;
  }

  /**
   * Asks everybody on the list, us included, for the counts of a service; undefined: only whether
   * they can be asked. Takes at most COLLECT_WITHIN_MS, and says who is missing.
   * @throws ConsulError when there is no list, UnknownServiceError
   */
  async collect(service: string | undefined): Promise<CollectedCounts> {
    const { members, own } = this.#deps;
    // First: nobody is asked about a service that does not exist.
    const ours = await own.of(service);
    const others = (await members()).filter(({ sidecar }) => sidecar !== own.sidecar);
    const query = service === undefined ? "" : `?service=${encodeURIComponent(service)}`;
    const question = { path: `/v1/counts${query}`, what: "counts", read: readCounts };
    const asked = { ...question, withinMs: COLLECT_WITHIN_MS };
    const { answers, missing } = await askMembers(this.#deps, others, asked);
    return { sidecars: [ours, ...answers], missing };
  }
}

/** What all of them have counted of each version, by its name. */
export function sumsOf(
  sidecars: readonly Pick<SidecarCounts, "versions">[],
): ReadonlyMap<string, VersionTotals> {
  const sums = new Map<string, VersionTotals>();
  for (const { versions } of sidecars) {
    for (const [name, totals] of versions) {
      const before = sums.get(name);
      sums.set(name, before === undefined ? totals : addedTotals(before, totals));
    }
  }
  return sums;
}
