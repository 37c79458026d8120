import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import { backOffMs } from "./back-off.ts";
import type { ConsulClient } from "./client.ts";
import { kvPath, parseKvAnswer, putKey } from "./kv.ts";
import { withSession } from "./session.ts";
import { watch } from "./watch.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { pause } from "../../proxy/base/clock.ts";

/** When a leader dies, another follows after 15 to 30 s: Consul may wait twice the TTL. */
const LOCK_TTL_MS = 15_000;
/** After a leader is lost, nobody leads for this long, so that what it last began can end. */
const LOCK_DELAY_MS = 5_000;
/**
 * How long a candidate waits before it tries a key that looks free but cannot be had (lock delay).
 */
const RETRY_MS = 1_000;
/** A lock rarely changes hands; this only stops a loop. */
const WATCH_LIMIT = { burst: 5, refillMs: 1_000 };

/** What a leader is given. */
export type Leadership = {
  /** Aborted when somebody else leads or may lead. Whatever the leader does must end then. */
  readonly signal: AbortSignal;
  /**
   * Grows with each leader of this key, so that a store can refuse the late writes of an old one.
   */
  readonly term: number;
};

/** What a lock works with. */
export type LockDeps = {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * Among all callers with the same key, runs `work` of one at a time (Consul's "Leader Election": a
 * session and the lock of a key). Runs `work` again whenever this caller regains leadership. When
 * `work` returns, this caller releases the lock and competes for it again. Resolves when `signal`
 * is aborted and `work` has ended.
 */
export async function lead(
  deps: LockDeps,
  lock: { readonly key: string; readonly holder: string },
  work: (leadership: Leadership) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log } = deps;
  const session = {
    name: `sluice ${lock.key} ${lock.holder}`,
    ttlMs: LOCK_TTL_MS,
    behavior: "release",
    lockDelayMs: LOCK_DELAY_MS,
  } as const;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await withSession(
        deps,
        session,
        async (id, held) => {
          failures = 0;
          await leadInTurn(deps, { ...lock, session: id }, work, held);
        },
        signal,
      );
    } catch (error) {
      log.warn("lock.failed", { key: lock.key, error: errorText(error) });
      failures += 1;
    }
    const pauseMs = failures === 0 ? RETRY_MS : backOffMs(failures, random);
    await pause(clock, pauseMs, signal);
  }
}

type HeldLock = { readonly key: string; readonly holder: string; readonly session: string };

/** Waits for the key, leads once, and lets go. Returns without leading when the session is lost. */
async function leadInTurn(
  deps: LockDeps,
  lock: HeldLock,
  work: (leadership: Leadership) => Promise<void>,
  held: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const signal = AbortSignal.any([held, lost.signal]);
  const won = Promise.withResolvers<number>();
  const follow = followKey(deps, lock, { won: won.resolve, lost: () => lost.abort() }, signal);
  try {
    const term = await untilAborted(won.promise, signal);
    if (term === undefined) return;
    deps.log.info("lock.won", { key: lock.key, term });
    await work({ signal, term });
  } finally {
    lost.abort();
    await follow;
    // Best effort: the end of the session frees it too.
    await putKey(deps.client, lock.key, "", { release: lock.session }).catch(() => undefined);
    deps.log.info("lock.released", { key: lock.key });
  }
}

async function followKey(
  deps: LockDeps,
  lock: HeldLock,
  tell: { readonly won: (term: number) => void; readonly lost: () => void },
  signal: AbortSignal,
): Promise<void> {
  const action = `read lock ${lock.key}`;
  const target = {
    action,
    path: kvPath(lock.key),
    stale: false,
    isUrgent: true,
    limit: WATCH_LIMIT,
  };
  const seen = { isFree: false, isOurs: false };
  let trying: Promise<void> | undefined;
  // One attempt after the other, for as long as the key is seen free.
  const tryToAcquire = async (): Promise<void> => {
    while (seen.isFree && !signal.aborted) {
      await acquire(deps.client, lock);
      await pause(deps.clock, RETRY_MS, signal);
    }
    trying = undefined;
  };
  const onChange = ({ found, text }: { readonly found: boolean; readonly text: string }): void => {
    const entry = found ? parseKvAnswer(action, text)[0] : undefined;
    if (seen.isOurs && entry?.session !== lock.session) tell.lost();
    seen.isFree = entry?.session === undefined && !seen.isOurs;
    if (seen.isFree) trying ??= tryToAcquire();
    if (entry?.session !== lock.session) return;
    seen.isOurs = true;
    tell.won(entry.lockIndex);
  };
  await watch(deps, target, { onChange }, signal);
  await trying;
}

/** The watch sees that it succeeded, like everything else about the key. */
async function acquire(client: ConsulClient, lock: HeldLock): Promise<void> {
  await putKey(client, lock.key, lock.holder, { acquire: lock.session }).catch(() => false);
}

async function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const end = (): void => aborted.resolve(undefined);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
