/** Where endpoints say whether they are alive. */
export const HEALTH_PATH = "/health";

/**
 * What an endpoint suffers from. slow: 20 times slower. fails, every third: answers 500 at once to
 * all, or to every third. hangs: never answers. restarts: is down for a while, one after the other.
 * slot: does one request at a time. sync: the same, and waits for slow bodies meanwhile. Except for
 * those that hang all of them are alive by their health check.
 */
export type Sickness =
  | "well"
  | "slow"
  | "fails"
  | "every third"
  | "hangs"
  | "restarts"
  | "slot"
  | "sync";
