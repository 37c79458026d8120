import type { ServiceTable } from "./service-table.ts";
import type { VersionTable } from "./version-table.ts";

/**
 * The version that takes a request for `picked`: itself if it is usable, otherwise stable if that
 * is, otherwise none (a 503). Stable's own requests never go to a canary: a release that nobody has
 * judged yet must not get all the traffic because the proven one is ill. A version in maint is not
 * usable, whatever `isUsable` says. Keys stay monotone: only those of the unusable version move,
 * all to stable, and they come back with it.
 */
export function fallback(
  service: ServiceTable,
  picked: VersionTable | undefined,
  isUsable: (version: VersionTable) => boolean,
): VersionTable | undefined {
  if (!picked) return undefined;
  if (mayTake(picked, isUsable)) return picked;
  const { stable } = service;
  return stable !== picked && mayTake(stable, isUsable) ? stable : undefined;
}

/** Whether a version takes requests at all now. */
export function mayTake(
  version: VersionTable,
  isUsable: (version: VersionTable) => boolean,
): boolean {
  return version.snapshot.state !== "maint" && isUsable(version);
}
