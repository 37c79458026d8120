import { expect, test } from "vitest";
import { LastSeen } from "../../../control/rollout/last-seen.ts";

test("LastSeen says for how long no second has come, and why", () => {
  const last = new LastSeen(1_000);
  expect(last.at(3_000, 0)).toEqual({
    nothingSeen: true,
    servingMs: 0,
    blindMs: 2_000,
    blindFor: undefined,
  });
  last.missing("worker 7 is silent");
  expect(last.at(3_000, 0).blindFor).toBe("worker 7 is silent");
  last.seen(4_000);
  expect(last.at(4_500, 0)).toEqual({ servingMs: 0, blindMs: 500, blindFor: undefined });
});

test("LastSeen says since when the canary has had an endpoint, each time anew", () => {
  const last = new LastSeen(0);
  const looks = [1, 1, 0, 2, 1].map((endpoints, at) => last.at(1_000 * at, endpoints).servingMs);
  expect(looks).toEqual([0, 1_000, 0, 0, 1_000]);
});
