import { expect, test } from "vitest";
import {
  decodeRollouts,
  encodeRollouts,
  withRollout,
} from "../../../control/rollout/rollout-document.ts";
import type { ServiceRollouts } from "../../../control/rollout/rollout-document.ts";
import type { RolloutRequest } from "../../../control/rollout/rollout-schema.ts";
import { rolloutOf } from "./specs.ts";

const WISHES: readonly Partial<RolloutRequest>[] = [
  {},
  { steps: [5, { pause: {} }, { analysis: {} }], guardRails: { errorRate: 0.1, p99: 500 } },
  { strategy: "blueGreen", capacity: { perEndpoint: 5 }, preset: "careful" },
  { steps: [{ mirror: { percent: 5, compare: { body: true } } }, 5] },
  { strategy: "blueGreen", gate: true, preview: { cookies: { beta: "1" } } },
  { capacity: { perEndpoint: "observed" } },
];

test.each(WISHES)("decodeRollouts() gives what encodeRollouts() was given: %j", (wish) => {
  const rollouts = { latest: rolloutOf(wish), past: [rolloutOf()] };
  expect(decodeRollouts(encodeRollouts(rollouts), "web")).toEqual(rollouts);
});

test.each(["", "{}", "null", '{"format":"sluice-rollouts","formatVersion":1,"past":[]}'])(
  "decodeRollouts() refuses %j",
  (text) => {
    expect(() => decodeRollouts(text, "web")).toThrow("Cannot read the rollouts of web");
  },
);

test("withRollout() replaces the latest, and keeps five before it", () => {
  let rollouts: ServiceRollouts | undefined;
  for (let count = 0; count < 9; count += 1) {
    rollouts = withRollout(rollouts, { ...rolloutOf(), id: `web-${count}` });
    rollouts = withRollout(rollouts, { ...rollouts.latest, phase: "aborted" });
  }
  const ids = [rollouts?.latest, ...(rollouts?.past ?? [])].map((each) => each?.id);
  expect(ids).toEqual(["web-8", "web-7", "web-6", "web-5", "web-4", "web-3"]);
});
