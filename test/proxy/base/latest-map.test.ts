import { assert, constantFrom, property, array, integer, tuple } from "fast-check";
import { expect, test } from "vitest";
import { LatestMap } from "../../../proxy/base/latest-map.ts";

test("LatestMap has what a Map would have, in the same order", () => {
  const steps = array(tuple(constantFrom("add", "delete"), integer({ min: 1, max: 5 })));
  const isSame = property(steps, (taken) => {
    const [map, latest] = [new Map<number, string>(), new LatestMap<number, string>()];
    for (const [step, key] of taken) {
      if (step === "delete") latest.delete(key);
      if (step === "delete") map.delete(key);
      if (step !== "add" || map.has(key)) continue;
      map.set(key, `v${key}`);
      latest.add(key, `v${key}`);
    }
    expect([...latest.values()]).toEqual([...map.values()]);
    expect(latest.size).toBe(map.size);
    for (let key = 1; key <= 5; key += 1) expect(latest.get(key)).toBe(map.get(key));
  });
  assert(isSame);
});

test("LatestMap.values() goes on while entries go", () => {
  const latest = new LatestMap<number, number>();
  for (const key of [1, 2, 3]) latest.add(key, key);
  const seen: number[] = [];
  for (const value of latest.values()) {
    seen.push(value);
    latest.delete(value);
    latest.delete(2);
  }
  expect([seen, latest.size]).toEqual([[1, 3], 0]);
});
