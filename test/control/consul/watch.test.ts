import { expect, test } from "vitest";
import { backOffMs } from "../../../control/consul/back-off.ts";
import { nextIndex } from "../../../control/consul/watch.ts";

test("nextIndex() follows an index that grows or stays", () => {
  expect([nextIndex(0, 7), nextIndex(7, 7), nextIndex(7, 9)]).toEqual([7, 7, 9]);
});

test("nextIndex() starts anew when the index went back", () => {
  expect(nextIndex(900, 12)).toBe(0);
});

test("nextIndex() takes an index of 0 for 1, which blocks", () => {
  expect([nextIndex(0, 0), nextIndex(1, 0)]).toEqual([1, 1]);
});

test("backOffMs() doubles from 100 ms to 5 s, between half and all of it", () => {
  const shortest = [1, 2, 3, 7, 1_000].map((failures) => backOffMs(failures, { next: () => 0 }));
  expect(shortest).toEqual([50, 100, 200, 2_500, 2_500]);
  expect(backOffMs(1_000, { next: () => 0.999 })).toBeLessThan(5_000);
});
