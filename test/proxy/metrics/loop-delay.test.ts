import { expect, test } from "vitest";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";
import { LOOK_MS, LoopDelay } from "../../../proxy/metrics/loop-delay.ts";

test("LoopDelay counts by how much each look came late, not how late all are together", () => {
  const delay = new LoopDelay(1_000);
  delay.look(1_000 + LOOK_MS);
  delay.look(1_000 + 2 * LOOK_MS + 50);
  delay.look(1_000 + 3 * LOOK_MS + 50);
  expect(delay.counts()).toEqual({
    delays: [
      [0, 2],
      [bucketOf(50), 1],
    ],
    sumMs: 50,
  });
});
