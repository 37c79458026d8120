import { fallback, mayTake } from "./fallback.ts";
import { scoreAt } from "./rendezvous.ts";
import type { ServiceTable } from "./service-table.ts";
import type { SplitPlace } from "./split-place.ts";
import type { VersionTable } from "./version-table.ts";

/** A session, as its cookie keeps it. */
export type FencedSession = Readonly<SplitPlace> & {
  /** The highest format that has been written for it. 0: nobody has said one. */
  readonly epoch: number;
};

/** Whether a version reads the state of a session with this epoch. */
export function canRead({ reads }: VersionTable, epoch: number): boolean {
  return epoch === 0 || reads === undefined || reads.includes(epoch);
}

/**
 * The version that takes a session: as `fallback` says where that one reads its state. Otherwise
 * that of its place among those that do, take requests and have a weight, so that each gets such
 * sessions by its weight and keeps them; and where there is none, a version that writes the same,
 * though it has no weight any more. `picked`: that of its place among all. undefined: nobody takes
 * it, and it must not go to whom it would harm. Allocates nothing.
 */
export function pickReader(
  service: ServiceTable,
  picked: VersionTable | undefined,
  session: FencedSession,
  isUsable: (version: VersionTable) => boolean,
): VersionTable | undefined {
  const usual = fallback(service, picked, isUsable);
  const meant = usual ?? picked;
  // A version that is ill gives nothing to those that nobody has judged yet, as in fallback().
  if (meant !== undefined && canRead(meant, session.epoch)) return usual;
  let reader: VersionTable | undefined;
  let highest = -1;
  for (const version of service.versions) {
    if (!canRead(version, session.epoch) || !mayTake(version, isUsable)) continue;
    const score = scoreOf(version, session);
    if (score <= highest) continue;
    highest = score;
    reader = version;
  }
  return reader;
}

/** -1: it gets none. 0: it keeps those that it has written for. */
function scoreOf({ weight, hash, writes }: VersionTable, session: FencedSession): number {
  if (weight > 0) return scoreAt(session.high, session.low, hash, weight);
  return writes === session.epoch ? 0 : -1;
}
