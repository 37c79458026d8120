import { errorText } from "../../proxy/base/error-text.ts";
import { Turns } from "../base/turns.ts";
import type { FleetMember } from "../registry/sidecar-fleet.ts";
import { addedTotals } from "../views/worker-totals.ts";
import type { VersionTotals } from "../views/worker-totals.ts";
import { readCounts } from "./counts-document.ts";
import type { SidecarCounts } from "./counts-document.ts";
import type { OwnCounts } from "./own-counts.ts";
import { peerAddressOf } from "./peer-address.ts";
import type { PeerClient } from "./peer-client.ts";

/** How many sidecars are asked at once: each answer may be a megabyte. */
const AT_ONCE_MAX = 16;

/** How long everything may take: enough for hundreds that answer, or thirty that do not. */
const COLLECT_WITHIN_MS = 5_000;

/** A live sidecar whose counts are not known, and why, in words for operators. */
export type MissingSidecar = { readonly sidecar: string; readonly reason: string };

/** What the live sidecars of a fleet have counted. */
export type CollectedCounts = {
  readonly sidecars: readonly SidecarCounts[];
  /** Sidecars on the list that did not tell theirs. */
  readonly missing: readonly MissingSidecar[];
};

/** What counts are collected with. */
export type FleetCountsDeps = {
  /** @throws ConsulError */
  readonly members: () => Promise<readonly FleetMember[]>;
  readonly own: Pick<OwnCounts, "sidecar" | "of">;
  readonly peers: Pick<PeerClient, "get">;
  /** This machine's name, in the form in which members give theirs. */
  readonly host: string;
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
    const turns = new Turns(AT_ONCE_MAX);
    const ends = AbortSignal.timeout(COLLECT_WITHIN_MS);
    const answers = await Promise.all(
      others.map((member) => turns.run(() => this.#ask(member, service, ends))),
    );
    return {
      sidecars: [ours, ...answers.filter((answer) => "versions" in answer)],
      missing: answers.filter((answer) => "reason" in answer),
    };
  }

  async #ask(
    member: FleetMember,
    service: string | undefined,
    ends: AbortSignal,
  ): Promise<SidecarCounts | MissingSidecar> {
    const { sidecar } = member;
    const missing = (reason: string): MissingSidecar => ({ sidecar, reason });
    if (ends.aborted) return missing(`not asked within ${COLLECT_WITHIN_MS / 1_000} s`);
    const address = peerAddressOf(member, this.#deps.host);
    if (address.kind === "unknown") return missing(address.reason);
    const query = service === undefined ? "" : `?service=${encodeURIComponent(service)}`;
    try {
      const answer = await this.#deps.peers.get(address, `/v1/counts${query}`, ends);
      const counts = readCounts(answer);
      if (counts === undefined) return missing("its answer holds no counts");
      if (counts.sidecar === sidecar) return counts;
      return missing(`at its address answers ${JSON.stringify(counts.sidecar ?? "nobody")}`);
    } catch (error) {
      return missing(errorText(error));
    }
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
