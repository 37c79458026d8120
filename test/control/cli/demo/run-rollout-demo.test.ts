import { expect, test } from "vitest";
import { runRolloutDemo } from "../../../../control/cli/demo/run-rollout-demo.ts";
import type { RolloutSeen } from "../../../../control/cli/rollout-watch.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { DEMO_PROGRAMS } from "../../../support/sidecar.ts";

/** How much evidence there is each second depends on what else the machine does. */
const TIMEOUT_MS = 120_000;

test.each([
  [false, "successful", { steps: [25, 50], stepFor: "2s" }],
  [true, "aborted", undefined],
] as const)(
  "runRolloutDemo() with bad %s ends %s",
  async (bad, phase, plan) => {
    const seen: RolloutSeen[] = [];
    const said: string[] = [];
    const faults = await runRolloutDemo({
      bad,
      plan,
      programs: DEMO_PROGRAMS,
      clock: systemClock,
      say: (line) => said.push(line),
      screen: { isLive: true, show: (each) => seen.push(each) },
      signal: new AbortController().signal,
    });
    expect(faults).toEqual([]);
    const last = seen.at(-1);
    expect(last?.rollout.phase).toBe(phase);
    expect(last?.versions.map(({ name, usable }) => `${name} ${usable}`)).toEqual(["v1 1", "v2 1"]);
    const [url = ""] = said.flatMap((line) => line.match(/http:\S+/g) ?? []);
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  },
  TIMEOUT_MS,
);
