import { ConsulClient } from "../../control/consul/client.ts";
import type { ConsulOptions } from "../../control/consul/agent-connections.ts";
import { type Clock, systemClock } from "../../proxy/base/clock.ts";
import { jsonLog, type Log } from "../../proxy/base/log.ts";
import { type Random, seededRandom } from "../../proxy/base/random.ts";

/** What everything in control/consul works with, and the log lines that came of it. */
export type TestDeps = AsyncDisposable & {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lines: readonly string[];
};

/** These over a real agent, with the real clock. */
export function consulDeps(options: ConsulOptions): TestDeps {
  const client = new ConsulClient(options, systemClock);
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  return {
    client,
    clock: systemClock,
    random: seededRandom(4),
    log,
    lines,
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

/**
 * The same, with waits of 5 s or more cut to 200 ms: those are for fleets, not for tests.
 */
export function hurried(deps: TestDeps): Omit<TestDeps, typeof Symbol.asyncDispose> {
  const sleep = async (forMs: number, signal?: AbortSignal): Promise<void> =>
    deps.clock.sleep(forMs >= 5_000 ? 200 : forMs, signal);
  return { ...deps, clock: { ...deps.clock, sleep } };
}
