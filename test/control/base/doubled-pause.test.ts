import { expect, test } from "vitest";
import { doubledPauseMs } from "../../../control/base/doubled-pause.ts";

test("doubledPauseMs() doubles within its range, between half and all of it", () => {
  const range = { minMs: 1_000, maxMs: 60_000 };
  const shortest = [1, 2, 3, 7, 1_000].map((failures) =>
    doubledPauseMs(range, failures, { next: () => 0 }),
  );
  expect(shortest).toEqual([500, 1_000, 2_000, 30_000, 30_000]);
  expect(doubledPauseMs(range, 1, { next: () => 0.5 })).toBe(750);
});
