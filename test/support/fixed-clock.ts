import type { Clock } from "../../proxy/base/clock.ts";

/** A clock that stands at 2026-01-02 03:04:05 UTC. Whoever sleeps by it sleeps forever. */
export const fixedClock: Clock = {
  nowMs: () => 0,
  wallMs: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  sleep: () => new Promise(() => undefined),
};
