import { expect, test } from "vitest";
import { backOffMs } from "../../../control/consul/back-off.ts";

test("backOffMs() doubles from 100 ms to 5 s, between half and all of it", () => {
  const shortest = [1, 2, 3, 7, 1_000].map((failures) => backOffMs(failures, { next: () => 0 }));
  expect(shortest).toEqual([50, 100, 200, 2_500, 2_500]);
  expect(backOffMs(1_000, { next: () => 0.999 })).toBeLessThan(5_000);
});
