import { expect, test } from "vitest";
import { changeOf, rolloutBoard } from "../../../control/cli/rollout-board.ts";
import type { VersionNow } from "../../../control/cli/rollout-watch.ts";
import { rolloutView } from "../../../control/rollout/rollout-view.ts";
import { rolloutOf, verdictOf } from "../rollout/specs.ts";

const verdict = verdictOf({ against: Math.sqrt(20), excessFailures: 1.25, missing: ["p99"] });
const LIVE = { why: { rule: "time", text: "20 s left" }, verdict, seen: 1, of: 1 };
const BEGUN = rolloutOf({ steps: [5, 50] });
const ROLLOUT = { ...BEGUN, stage: 1, step: { number: 1, share: 0.05, sinceMs: 0 } };
const VIEW = rolloutView(ROLLOUT, LIVE);

const V1: VersionNow = {
  name: "v1",
  share: 0.95,
  usable: 2,
  endpoints: 3,
  perSecond: 190,
  failed: 0,
  p99Ms: 4,
  underWay: 7,
};
const V2 = { ...V1, name: "v2", share: 0.05, perSecond: undefined, failed: undefined };

test("rolloutBoard() draws steps, evidence, both versions and what is to come", () => {
  const forecast = `If it goes on like this, it is over ${"soon ".repeat(20)}`.trim();
  const seen = { rollout: VIEW, forecast, versions: [V1, { ...V2, p99Ms: undefined }] };
  const lines = rolloutBoard(seen).split("\n");
  expect(lines).toEqual([
    "web-1: web from v1 to v2, canary",
    "✓ weight 5 %  ▸ pause 60 s  · weight 50 %  · pause 60 s",
    "",
    "progressing: time: 20 s left",
    `v2           ██${"░".repeat(28)} 5 %`,
    expect.stringMatching(/^against it {3}█{15}░{15} 4.47 of 20, 1\.3 failures above/),
    "to be shown  p99",
    "",
    expect.stringMatching(/^VERSION +SHARE +ENDPOINTS +REQUESTS\/S +FAILED +P99 +UNDER WAY$/),
    expect.stringMatching(/^v1 +95 % +2 of 3 +190\.0 +0 % +4\.0 ms +7$/),
    expect.stringMatching(/^v2 +5 % +2 of 3 +- +- +- +7$/),
    "",
    expect.stringMatching(/^If it goes on like this/),
    expect.stringMatching(/^soon/),
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
});

test("rolloutBoard() of an end marks what has been reached, and forecasts nothing", () => {
  const step = (phase: "successful" | "aborted"): string | undefined => {
    const rollout = rolloutView({ ...ROLLOUT, phase }, undefined);
    return rolloutBoard({ rollout, forecast: undefined, versions: [] }).split("\n")[1];
  };
  expect(step("successful")).toBe("✓ weight 5 %  ✓ pause 60 s  ✓ weight 50 %  ✓ pause 60 s");
  expect(step("aborted")).toBe("✓ weight 5 %  · pause 60 s  · weight 50 %  · pause 60 s");
});

test("changeOf() does not change with numbers that change all the time", () => {
  const later = rolloutView(ROLLOUT, { ...LIVE, why: { rule: "time", text: "19 s left" } });
  expect(changeOf(later)).toBe(changeOf(VIEW));
  const other = rolloutView(ROLLOUT, { ...LIVE, why: { rule: "few-requests", text: "" } });
  expect(changeOf(other)).not.toBe(changeOf(VIEW));
  expect(changeOf(rolloutView({ ...ROLLOUT, stage: 2 }, LIVE))).not.toBe(changeOf(VIEW));
});
