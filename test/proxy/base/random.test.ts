import { expect, test } from "vitest";
import { hexWord, seededRandom, systemRandom } from "../../../proxy/base/random.ts";

function drawn(seed: number, count: number): readonly number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.next());
}

test("seededRandom() repeats itself for a seed, and for no other", () => {
  expect(drawn(1, 10)).toEqual(drawn(1, 10));
  expect(drawn(1, 10)).not.toEqual(drawn(2, 10));
});

test("seededRandom() and systemRandom spread over [0, 1)", () => {
  const system = Array.from({ length: 10_000 }, () => systemRandom.next());
  for (const numbers of [drawn(7, 10_000), system]) {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const each of numbers)
      tenths[Math.floor(each * 10)] = (tenths[Math.floor(each * 10)] ?? 0) + 1;
    expect(tenths).toHaveLength(10);
    // Eight standard deviations on either side.
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(240);
  }
});

test.each([
  [0, "00000000"],
  [1 / 2 ** 32, "00000001"],
  [1 - 2 ** -53, "ffffffff"],
])("hexWord() of %d is %s", (next, word) => {
  expect(hexWord({ next: () => next })).toBe(word);
});
