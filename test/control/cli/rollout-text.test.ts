import { expect, test } from "vitest";
import { progressText, rolloutText } from "../../../control/cli/rollout-text.ts";
import { rolloutView } from "../../../control/rollout/rollout-view.ts";
import { rolloutOf, verdictOf } from "../rollout/specs.ts";

const verdict = verdictOf({
  against: 2.345,
  missing: ["p99: not yet shown to be no slower"],
  excessFailures: 1.25,
  excessRateMax: 0.005,
  metrics: [{ name: "errors", against: 1.5, part: 0.5, fine: true }],
});
const why = { rule: "soaking", text: "20 s left" };
const VIEW = rolloutView(rolloutOf(), {
  why,
  verdict,
  seen: 1,
  of: 2,
});

test("rolloutText() says where it stands, what speaks against it, and what was decided", () => {
  expect(rolloutText(VIEW).split("\n")).toEqual([
    "web-1: web from v1 to v2, canary, begun 1970-01-01T00:00:00.000Z by ann",
    "progressing at 0 %, in evidence (1 of 1): soaking: 20 s left",
    "evidence against it 2.35 of 20, of 1 of 2 sidecars: errors 1.50 (no worse)",
    "1.3 failures more than at the old version's rate; its error rate is at most 0.5 % above",
    "still to be shown: p99: not yet shown to be no slower",
    "",
    expect.stringMatching(/^TIME +DECISION +SHARE +RULE +BY +WHY$/),
    expect.stringMatching(/^1970\S+ +start +0 % +started +ann +from v1 to v2$/),
  ]);
});

test("progressText() is one line", () => {
  expect(progressText(VIEW)).toBe("progressing at 0 % · evidence 2.35 of 20 · soaking: 20 s left");
});
