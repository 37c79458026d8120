import { expect, test } from "vitest";
import { LastSeen } from "../../../control/rollout/last-seen.ts";

test("LastSeen says for how long no second has come, and why", () => {
  const last = new LastSeen(1_000);
  expect(last.at(3_000)).toEqual({ nothingSeen: true, blindMs: 2_000, blindFor: undefined });
  last.missing("worker 7 is silent");
  expect(last.at(3_000).blindFor).toBe("worker 7 is silent");
  last.seen(4_000);
  expect(last.at(4_500)).toEqual({ blindMs: 500, blindFor: undefined });
});
