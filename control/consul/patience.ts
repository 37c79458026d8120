import type { Clock } from "../../proxy/base/clock.ts";
import type { AgentTurns } from "./agent-turns.ts";
import { ClosedAtOnceError, isLimited } from "./failure.ts";

/** How often an agent is asked that has no connection left, and how long after the first time. */
const TRIES_MAX = 4;
const PAUSE_MS = 500;

/** What patiently() works with. */
export type Patience = {
  readonly clock: Clock;
  /** Fewer, from then on, when the agent refuses. */
  readonly turns: AgentTurns;
};

/**
 * What an agent refuses because of its limits has not been begun: it may be a little later. `run`
 * is told which try it is (1 …). @throws what `run` throws, after 3 s when that is about limits
 */
export async function patiently<Result>(
  { clock, turns }: Patience,
  run: (tries: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run(tries);
    } catch (error) {
      if (!isLimited(error)) throw error;
      // One that was kept may have been closed just then, and an agent that ends is gone later.
      if (tries > 1 || !(error instanceof ClosedAtOnceError)) turns.lower();
      if (tries === TRIES_MAX) throw error;
      await clock.sleep(PAUSE_MS * tries, signal);
    }
  }
}
