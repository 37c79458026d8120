/** A version's counts, as the API tells them. */
type VersionSums = {
  readonly attempts: Readonly<Record<string, number>>;
  /** [bound in milliseconds, how many took less]. */
  readonly durations: readonly (readonly [number, number])[];
};

/** The counts of a service at a time. */
export type CountsSeen = {
  readonly atMs: number;
  readonly versions: Readonly<Record<string, VersionSums>>;
};

/** What a version does between two looks. undefined: it cannot be told yet. */
export type VersionRate = {
  readonly perSecond: number | undefined;
  /** Failed requests, of those that have ended, 0 … 1. */
  readonly failed: number | undefined;
  readonly p99Ms: number | undefined;
};

const UNKNOWN: VersionRate = { perSecond: undefined, failed: undefined, p99Ms: undefined };

/** What a version has done since the look before. */
export function rateOf(name: string, before: CountsSeen | undefined, now: CountsSeen): VersionRate {
  const [was, is] = [before?.versions[name], now.versions[name]];
  if (before === undefined || was === undefined || is === undefined) return UNKNOWN;
  const ended = grown(was.attempts, is.attempts);
  const all = sumOf(Object.values(ended));
  const seconds = (now.atMs - before.atMs) / 1_000;
  // Counts go back when a sidecar begins again.
  if (seconds <= 0 || all < 0) return UNKNOWN;
  const fine = (ended["ok"] ?? 0) + (ended["local"] ?? 0);
  const failed = all === 0 ? undefined : Math.max(0, all - fine) / all;
  return { perSecond: all / seconds, failed, p99Ms: p99Of(was.durations, is.durations) };
}

function grown(
  was: Readonly<Record<string, number>>,
  is: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(is);
  return Object.fromEntries(entries.map(([key, count]) => [key, count - (was[key] ?? 0)]));
}

/** The bound of the bucket that holds it. */
function p99Of(was: VersionSums["durations"], is: VersionSums["durations"]): number | undefined {
  const before = new Map(was);
  const more = is.map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const wanted = sumOf(more.map(([, count]) => count)) * 0.99;
  let seen = 0;
  for (const [bound, count] of more.toSorted(([one], [other]) => one - other)) {
    seen += count;
    if (count > 0 && seen >= wanted) return bound;
  }
  return undefined;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
