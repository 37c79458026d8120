/** What matters more, and is shed later, first. */
export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The place of a priority in PRIORITIES. */
export type Rank = 0 | 1 | 2;

/** How much of a version's limit may be in use before a request of this rank is shed. */
export const RANK_SHARES: readonly [number, number, number] = [1, 0.9, 0.75];

/** A limit that latency sets never falls below this: there would be nothing to learn from. */
export const ADAPTIVE_LIMIT_MIN = 8;

/** Of a service that tells no requests apart. */
export const EQUAL_SHARES: readonly [number, number, number] = [1, 1, 1];

/** The rank of a priority. undefined: normal. */
export function rankOf(priority: Priority | undefined): Rank {
  switch (priority) {
    case "high":
      return 0;
    case "low":
      return 2;
    case "normal":
    case undefined:
      return 1;
  }
}
