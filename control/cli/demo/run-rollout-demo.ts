import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { RolloutView } from "../../rollout/rollout-view.ts";
import { ANYBODY } from "../api-access.ts";
import { readApiAddress } from "../api-address.ts";
import { ApiClient } from "../client.ts";
import { watchRollout } from "../rollout-watch.ts";
import type { RolloutWatching } from "../rollout-watch.ts";
import { Children } from "./children.ts";
import type { DemoPrograms } from "./children.ts";
import { Load } from "./load.ts";
import { startAlone } from "./stage.ts";
import { Tally } from "./tally.ts";

/** Failed requests by which a bad version should be found: the rollout's budget, and some room. */
const FAILURES_MAX = 60;

/** What a demo of a rollout needs. */
export type RolloutDemoOptions = {
  /** Whether v2 fails one of five requests. */
  readonly bad: boolean;
  /** How it goes on. Absent: by evidence, with the preset `fast`. */
  readonly plan?: object | undefined;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly screen: Pick<RolloutWatching, "isLive" | "show">;
  readonly signal: AbortSignal;
  /** Absent: those beside what runs. */
  readonly programs?: DemoPrograms | undefined;
};

/**
 * Starts the shop in two versions, a sidecar before them and a steady load, and rolls v2 out. Gives
 * what went wrong: a good version that is not promoted or costs a request, or a bad one that is.
 * All processes have ended when it resolves. @throws CliError when something does not start.
 */
export async function runRolloutDemo(options: RolloutDemoOptions): Promise<readonly string[]> {
  const { bad, plan = { preset: "fast" }, clock, say, screen, signal, programs } = options;
  const children = new Children(clock, programs);
  const directory = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  const stopLoad = new AbortController();
  try {
    const stage = await startAlone({ children, directory, screen: { say } }, bad);
    const tally = new Tally(0);
    const load = new Load(clock, stage.entrances[0]?.url ?? "", tally);
    const ended = load.run(stopLoad.signal);
    const client = new ApiClient(readApiAddress(stage.controlUrl), ANYBODY);
    const body = { service: "shop", to: "v2", ...plan };
    const { id } = await client.send<RolloutView>("POST", "/v1/rollouts", { body, reason: "demo" });
    const end = await watchRollout(id, { client, clock, signal, ...screen });
    stopLoad.abort();
    await ended;
    return end === undefined ? [] : faultsOf(end, tally, bad);
  } finally {
    stopLoad.abort();
    await children.stop();
    await rm(directory, { recursive: true });
  }
}

function faultsOf({ phase, why }: RolloutView, tally: Tally, bad: boolean): readonly string[] {
  const wanted = bad ? "aborted" : "successful";
  const failuresMax = bad ? FAILURES_MAX : 0;
  return [
    ...(phase === wanted ? [] : [`v2 should be ${wanted}, and is ${phase}: ${why.text}`]),
    ...(tally.errors <= failuresMax
      ? []
      : [`${tally.errors} requests failed: ${tally.firstError}`]),
  ];
}
