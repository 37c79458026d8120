import { expect, test } from "vitest";
import {
  begin,
  configOf,
  hasEnded,
  rolloutThat,
  startOrigin,
  startUnderLoad,
  weights,
} from "../support/rollout-under-load.ts";

/*
 * Goal: a rollout works whole: workers count, the primary judges and shifts, and one that is killed
 * in between leaves weights that a step names. Method: real processes under load. What takes
 * minutes is in test/soak/rollouts.soak.ts.
 */

/** How long a rollout here may take: it watches stable for 10 s first. */
const DEADLINE_MS = 60_000;

test("A canary that fails is found by the evidence, and all traffic is back at once", async () => {
  await using ends = new AsyncDisposableStack();
  const stable = await startOrigin(ends, "v1");
  const canary = await startOrigin(ends, "v2", (response) => response.writeHead(500).end());
  const sidecar = await startUnderLoad(ends, await configOf(ends, [stable], [canary]), 200);
  await begin(sidecar, { preset: "fast" });
  const { phase, why } = await rolloutThat(sidecar, hasEnded, DEADLINE_MS);
  expect([phase, why.rule, why.text]).toEqual([
    "aborted",
    "evidence",
    expect.stringMatching(/^errors: evidence \S+ of 20; (\d+) of \1 requests failed, 0\.0 at/),
  ]);
  // The budget is 20 failed requests, and some are under way when the weights change.
  expect(canary.requests).toBeLessThan(40);
  expect(await weights(sidecar)).toEqual([100, 0]);
}, 90_000);

test("A rollout whose sidecar is killed goes on where it was, in the next one", async () => {
  await using ends = new AsyncDisposableStack();
  const [stable, canary] = [await startOrigin(ends, "v1"), await startOrigin(ends, "v2")];
  const config = await configOf(ends, [stable], [canary]);
  const first = await startUnderLoad(ends, config, 200);
  await begin(first, { steps: [10, 50], stepFor: "3s" });
  await rolloutThat(first, ({ share, settled }) => share === 0.1 && settled, DEADLINE_MS);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await startUnderLoad(ends, config, 200);
  expect(await rolloutThat(second, () => true, DEADLINE_MS)).toMatchObject({ share: 0.1 });
  const { phase, history } = await rolloutThat(second, hasEnded, DEADLINE_MS);
  expect([phase, await weights(second)]).toEqual(["successful", [0, 100]]);
  const steps = history.filter(({ decision }) => decision === "weight");
  expect(steps.map(({ share }) => share)).toEqual([0.1, 0.5]);
  // What the first one has seen is in the log of its decisions.
  expect(second.log.map(({ event }) => event)).not.toContain("rollout.evidence-anew");
}, 90_000);
