import { expect, test } from "vitest";
import { stepJson, stepText } from "../../../../control/cli/demo/board.ts";
import { Tally } from "../../../../control/cli/demo/tally.ts";

/** 10 % of v2: 90 answers of v1 at 2 ms, 10 of v2 at 8 ms. */
function goodStep(sidecar?: string): Tally {
  const tally = new Tally(0.1, sidecar);
  for (let each = 0; each < 90; each += 1) tally.answered("v1", 2);
  for (let each = 0; each < 10; each += 1) tally.answered("v2", 8);
  return tally;
}

const [V1_MS, V2_MS] = [goodStep().latencyOf("v1").p50Ms, goodStep().latencyOf("v2").p50Ms];

test("stepText() says what a step came to, and leaves out a version that got nothing", () => {
  const [v1, v2] = [`${V1_MS.toFixed(1)} ms`, `${V2_MS.toFixed(1)} ms`];
  expect(stepText(goodStep("b"))).toBe(
    "v2 at 10 % in b: 10 of 100 answers (expected 6 to 14), 0 errors, " +
      `v1 p50 ${v1} p99 ${v1}, v2 p50 ${v2} p99 ${v2} - ok`,
  );
  const failed = new Tally(0);
  failed.answered("v1", 2);
  failed.failed("status 503");
  expect(stepText(failed)).toBe(
    `v2 at 0 %: 0 of 1 answers (expected 0), 1 errors, v1 p50 ${v1} p99 ${v1}` +
      " - 1 requests failed, the first: status 503",
  );
});

test("stepJson() has the same for programs", () => {
  expect(stepJson(goodStep("a"))).toEqual({
    share: 0.1,
    sidecar: "a",
    answers: { v1: 90, v2: 10 },
    expected: { version: "v2", from: 6, to: 14 },
    errors: 0,
    latency: { v1: { p50Ms: V1_MS, p99Ms: V1_MS }, v2: { p50Ms: V2_MS, p99Ms: V2_MS } },
    fault: undefined,
  });
});
