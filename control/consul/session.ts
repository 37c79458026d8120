import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Random } from "../../proxy/base/random.ts";
import { backOffMs } from "./back-off.ts";
import type { ConsulClient } from "./client.ts";
import { ConsulError } from "./consul-error.ts";
import { pause } from "../../proxy/base/clock.ts";

/** What Consul does with the keys of a session that ended: frees or deletes them. */
type SessionBehavior = "release" | "delete";

/** How a session is made. */
export type SessionOptions = {
  /** Shown by `consul` tools. */
  readonly name: string;
  /**
   * 10 000 … 86 400 000 (Consul's bounds). Consul ends the session no sooner than this after a
   * renewal.
   */
  readonly ttlMs: number;
  readonly behavior: SessionBehavior;
  /** How long Consul withholds the locks of an ended session from everybody. 0: not at all. */
  readonly lockDelayMs: number;
};

type SessionDeps = {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
};

/**
 * Makes a session, runs `work` with its id and renews it meanwhile. The signal given to `work` is
 * aborted when the session is gone or may be gone, because no renewal was answered for so long that
 * Consul could be about to end it. Resolves when `work` has ended; the session is destroyed then.
 * @throws ConsulError when no session can be made, and whatever `work` throws.
 */
export async function withSession(
  deps: SessionDeps,
  options: SessionOptions,
  work: (id: string, held: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { client } = deps;
  // Before the request: Consul's time to live starts later than this, never earlier.
  const startedMs = deps.clock.nowMs();
  const id = await createSession(client, options);
  const ended = new AbortController();
  const renewing = renew(deps, { id, ttlMs: options.ttlMs, startedMs }, ended);
  try {
    await work(id, AbortSignal.any([ended.signal, signal]));
  } finally {
    ended.abort();
    await renewing;
    // Best effort: without it the session ends by itself after its time to live.
    await destroySession(client, id).catch(() => undefined);
  }
}

async function createSession(client: ConsulClient, options: SessionOptions): Promise<string> {
  const action = `make session ${options.name}`;
  const made: unknown = await client.call(action, async (consul, dc) =>
    consul.session.create({
      name: options.name,
      ttl: `${options.ttlMs}ms`,
      behavior: options.behavior,
      lockdelay: `${options.lockDelayMs}ms`,
      ...dc,
    }),
  );
  const read = z.object({ ID: z.string().min(1) }).safeParse(made);
  if (read.success) return read.data.ID;
  throw new ConsulError("consul_unreadable", action, "Consul's answer names no session");
}

async function destroySession(client: ConsulClient, id: string): Promise<void> {
  await client.call("end session", async (consul, dc) => consul.session.destroy({ id, ...dc }));
}

async function renew(
  { client, clock, random }: SessionDeps,
  session: { readonly id: string; readonly ttlMs: number; readonly startedMs: number },
  ended: AbortController,
): Promise<void> {
  // Every third of it: two renewals may fail, and the last third is for a slow clock or network.
  const intervalMs = session.ttlMs / 3;
  let renewedMs = session.startedMs;
  let failures = 0;
  while (!ended.signal.aborted) {
    const pauseMs = failures === 0 ? intervalMs : backOffMs(failures, random);
    await pause(clock, pauseMs, ended.signal);
    if (ended.signal.aborted) return;
    const askedMs = clock.nowMs();
    const answer = await renewOnce(client, session.id, ended.signal);
    failures = answer === "renewed" ? 0 : failures + 1;
    if (answer === "renewed") renewedMs = askedMs;
    const isOverdue = clock.nowMs() - renewedMs > session.ttlMs - intervalMs;
    if (answer === "gone" || isOverdue) ended.abort();
  }
}

/** Not through the package, whose calls cannot be aborted when the session is no longer wanted. */
async function renewOnce(
  client: ConsulClient,
  id: string,
  signal: AbortSignal,
): Promise<"renewed" | "gone" | "unknown"> {
  try {
    const answer = await client.request({
      action: "renew session",
      method: "PUT",
      path: `session/renew/${id}`,
      signal,
    });
    return answer.found ? "renewed" : "gone";
  } catch (error) {
    return error instanceof ConsulError && error.code === "consul_refused" ? "gone" : "unknown";
  }
}
