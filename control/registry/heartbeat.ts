import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import type { ConsulClient } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { pause } from "../../proxy/base/clock.ts";

/** A lost leader is found after this time plus TIMEOUT_MS at the latest. */
const INTERVAL_MS = 10_000;
/** The question needs no leader: a live agent answers at once. */
const TIMEOUT_MS = 3_000;
/**
 * How long the second time: a slow agent is none that hangs, and if it were taken for one, all
 * queries would begin anew, which makes it slower. So one that hangs is found after 18 s.
 */
const PATIENT_TIMEOUT_MS = 5_000;
const ACTION = "ask for a sign of life";

const SILENCE: ReadonlySet<string> = new Set(["consul_unreachable", "consul_timeout"]);

/**
 * Tells a hung agent, and servers without a leader, from an idle Consul: a blocking query is silent
 * for minutes in all three cases. When nothing was answered for a while it asks who leads; without
 * an answer, or a leader, all blocking queries end with an error, so that everybody learns how old
 * their knowledge is. Tells, too, when the agent takes fewer queries than we have. Resolves when
 * aborted.
 */
export async function heartbeat(
  deps: {
    readonly client: ConsulClient;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, random, log } = deps;
  let isCrowded = false;
  let told: string | undefined;
  while (!signal.aborted) {
    await pause(clock, INTERVAL_MS * (0.9 + 0.1 * random.next()), signal);
    if (signal.aborted) return;
    isCrowded = tellCrowd(client, log, isCrowded);
    const isAlive = clock.nowMs() - client.lastLedAnswerMs < INTERVAL_MS / 2;
    const problem = isAlive ? undefined : await findProblem(client, signal);
    const isNews = problem?.message !== told;
    told = problem?.message;
    if (problem === undefined) continue;
    if (isNews) log.warn("consul.silent", { error: problem.message });
    client.dropWatches(problem);
  }
}

function tellCrowd({ turns }: ConsulClient, log: Log, wasCrowded: boolean): boolean {
  const { problem } = turns;
  if (problem !== undefined && !wasCrowded) log.warn("consul.crowded", { problem });
  if (problem === undefined && wasCrowded) log.info("consul.uncrowded");
  return problem !== undefined;
}

async function findProblem(
  client: ConsulClient,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<ConsulError | undefined> {
  const question = { action: ACTION, path: "status/leader", timeoutMs, signal };
  try {
    const leader = await client.json(question);
    if (leader !== "") return undefined;
    return new ConsulError("consul_no_leader", ACTION, "No cluster leader");
  } catch (error) {
    const isLate = error instanceof ConsulError && error.code === "consul_timeout";
    if (isLate && timeoutMs < PATIENT_TIMEOUT_MS) {
      return findProblem(client, signal, PATIENT_TIMEOUT_MS);
    }
    return error instanceof ConsulError && SILENCE.has(error.code) ? error : undefined;
  }
}
