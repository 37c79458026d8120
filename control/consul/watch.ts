import { hash } from "node:crypto";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Random } from "../../proxy/base/random.ts";
import { backOffMs } from "./back-off.ts";
import type { ConsulClient } from "./client.ts";
import type { ConsulAnswer } from "./answer.ts";
import { TokenBucket } from "./token-bucket.ts";
import { pause } from "../../proxy/base/clock.ts";

/** Random share by which the wait is shortened, so that a fleet's idle queries spread out. */
const WAIT_JITTER = 0.1;
/** If a stale answer is older than this, the leader is asked again, if there is one. */
const STALE_MAX_MS = 10_000;

/** What to watch. */
export type WatchTarget = {
  /** `read service web`. */
  readonly action: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /**
   * Reads from a follower, at most STALE_MAX_MS old; at first, and when no leader can be asked, of
   * any age. After a poor answer it asks again soon.
   */
  readonly stale: boolean;
  /** For a path on which Consul cannot wait: how often it is asked. undefined: it can. */
  readonly everyMs?: number | undefined;
  /** Its turns come before those of others: few may be, such as the table that all wait for. */
  readonly isUrgent?: boolean;
  /** Queries allowed in a row, and then one every refillMs: a busy path costs no more than that. */
  readonly limit: { readonly burst: number; readonly refillMs: number };
};

/** Whom to tell. */
export type WatchListener = {
  /**
   * The content changed, or is the first, or the first after a failure, when whoever acted alone in
   * the meantime has to look again. An index that moves without a change of content is not
   * reported. What this throws counts as a failed answer: onFailure gets it, and the path is read
   * again after a pause. The next query waits for this to end.
   */
  readonly onChange: (answer: ConsulAnswer) => void | Promise<void>;
  /**
   * Consul answered: what was last reported is up to date. Must not throw, as onFailure must not.
   */
  readonly onFresh?: (answer: ConsulAnswer) => void;
  /** It did not answer; the watch continues by itself after a growing pause. */
  readonly onFailure?: (error: unknown) => void;
};

/** What a watch works with. */
export type WatchDeps = {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
};

/**
 * Follows a path by blocking queries, or by asking again and again, until the signal is aborted;
 * then it resolves. Obeys the rules of Consul's documentation ("Blocking Queries", Implementation
 * Details). Neglecting them has cost others a processor or their traffic: see nextIndex and
 * TokenBucket.
 */
export async function watch(
  deps: WatchDeps,
  target: WatchTarget,
  listener: WatchListener,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random } = deps;
  const bucket = new TokenBucket(target.limit, clock);
  const { everyMs } = target;
  const turns = everyMs === undefined ? 1 : 0;
  client.turns.watches += turns;
  using _ = { [Symbol.dispose]: () => void (client.turns.watches -= turns) };
  let index = 0;
  let failures = 0;
  let told: string | undefined;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      await clock.sleep(bucket.takeMs(), signal);
      const share = 1 - WAIT_JITTER * random.next();
      const waitMs = everyMs === undefined ? client.waitMs * share : 0;
      const answer = await ask(client, target, { index, waitMs, isFirst }, signal);
      const content = hash("sha256", `${answer.found}${answer.text}`);
      if (content !== told) await listener.onChange(answer);
      told = content;
      isFirst = false;
      listener.onFresh?.(answer);
      const isPoor = target.stale && isOld(answer);
      failures = isPoor ? failures + 1 : 0;
      index = isPoor || everyMs !== undefined ? 0 : nextIndex(index, answer.index);
      // Nothing would wake its blocking query when there is a leader again.
      if (isPoor) await clock.sleep(backOffMs(failures, random), signal);
      else if (everyMs !== undefined) await clock.sleep(everyMs * share, signal);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      // The agent may come back with another history, so ask for the current state, not for
      // changes.
      index = 0;
      told = undefined;
      listener.onFailure?.(error);
      await pause(clock, backOffMs(failures, random), signal);
    }
  }
}

/**
 * The index of the next query. An index that went back (server restored, restarted empty, or
 * another one answers) starts again at 0; an index below 1 would never block, so it counts as 1.
 */
export function nextIndex(asked: number, answered: number): number {
  const index = Math.max(1, answered);
  return index < asked ? 0 : index;
}

async function ask(
  client: ConsulClient,
  target: WatchTarget,
  wait: { readonly index: number; readonly waitMs: number; readonly isFirst: boolean },
  signal: AbortSignal,
): Promise<ConsulAnswer> {
  const { action, path, query = {}, isUrgent } = target;
  const inTurn = { index: wait.index, waitMs: wait.waitMs, isUrgent };
  if (!target.stale) return client.request({ action, path, query, wait: inTurn, signal });
  const answer = await client.request({
    action,
    path,
    query: { ...query, stale: "" },
    wait: inTurn,
    signal,
  });
  // An old answer is better than none: without a leader Consul takes 7 s to say so.
  if (wait.isFirst || !isOld(answer)) return answer;
  const again = { action, path, query: { ...query, stale: "" }, signal };
  // What is streamed knows of no leader, though there is one, but any server does.
  const known = answer.isStreamed ? await client.request(again).catch(() => answer) : answer;
  if (!isOld(known)) return known;
  // Without a leader nothing changes anywhere: the old answer is then the best there is.
  return client.request({ action, path, query, signal }).catch(() => known);
}

function isOld({ knownLeader, lastContactMs }: ConsulAnswer): boolean {
  return !knownLeader || lastContactMs > STALE_MAX_MS;
}
