/** How many client connections a worker has open, by its process id. */
export type OpenConnections = { readonly pid: number; readonly open: number };

/** Connections that one worker gives to another. */
export type PlannedShare = { readonly from: number; readonly to: number; readonly count: number };

/** Workers may have so much more or less than their equal part: less is not worth a move. */
export const UNEQUAL_PERCENT_MAX = 5;

/**
 * Most connections that a worker gives or gets at once. Nobody serves them on their way, so it
 * takes few milliseconds.
 */
export const SHARED_AT_ONCE_MAX = 32;

/**
 * Which workers give connections to which, so that all have equally many. Each gives to one and
 * gets from one at a time; what is left comes next time. Empty: they are equal enough.
 */
export function plannedShares(workers: readonly OpenConnections[]): readonly PlannedShare[] {
  const part = workers.reduce((sum, { open }) => sum + open, 0) / workers.length;
  const tolerated = Math.max(1, (part * UNEQUAL_PERCENT_MAX) / 100);
  const byOpen = workers.toSorted((one, other) => other.open - one.open);
  const pairs = byOpen.slice(0, byOpen.length >> 1).map((most, index) => {
    return { most, least: byOpen[byOpen.length - 1 - index] ?? most };
  });
  return pairs.flatMap(({ most, least }) => {
    if (Math.max(most.open - part, part - least.open) < tolerated) return [];
    const equal = Math.floor((most.open - least.open) / 2);
    const count = Math.min(equal, SHARED_AT_ONCE_MAX);
    return count > 0 ? [{ from: most.pid, to: least.pid, count }] : [];
  });
}
