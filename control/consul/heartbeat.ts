import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import type { ConsulClient } from "./client.ts";
import { ConsulError } from "./consul-error.ts";

/** A hung agent is found at the latest this long after it stopped, and TIMEOUT_MS. */
const INTERVAL_MS = 10_000;
/** What is asked needs no leader: an agent that lives answers at once. */
const TIMEOUT_MS = 3_000;

const SILENCE: ReadonlySet<string> = new Set(["consul_unreachable", "consul_timeout"]);

/**
 * Tells a hung agent from an idle one: a blocking query is silent for minutes in both cases. When
 * nothing was answered for a while it asks something cheap; without an answer all blocking queries
 * end with an error, so that everybody knows how old what they know is. Resolves when aborted.
 */
export async function heartbeat(
  parts: {
    readonly client: ConsulClient;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random, log } = parts;
  while (!signal.aborted) {
    await clock.sleep(INTERVAL_MS * (0.9 + 0.1 * random.next()), signal).catch(() => undefined);
    if (signal.aborted) return;
    if (clock.nowMs() - client.lastAnswerMs < INTERVAL_MS / 2) continue;
    try {
      await client.request({
        action: "ask for a sign of life",
        path: "status/leader",
        timeoutMs: TIMEOUT_MS,
        signal,
      });
    } catch (error) {
      const isSilent = error instanceof ConsulError && SILENCE.has(error.code);
      if (!isSilent) continue;
      log.warn("consul.silent", { error: error.message });
      client.dropWatches();
    }
  }
}
