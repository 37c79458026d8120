import { expect, test } from "vitest";
import { remembered } from "../../../control/api/remembered.ts";

test("remembered() makes a result once in its time, and again after it", async () => {
  let nowMs = 0;
  let made = 0;
  const next = remembered(async () => (made += 1), 1_000, { nowMs: () => nowMs });
  expect(await Promise.all([next(), next()])).toEqual([1, 1]);
  nowMs = 999;
  expect(await next()).toBe(1);
  nowMs = 1_000;
  expect(await next()).toBe(2);
});

test("remembered() gives a failure to those who wait for it, and then tries again", async () => {
  const results = [Promise.reject(new Error("no")), Promise.resolve("yes")];
  results[0]?.catch(() => undefined);
  const next = remembered(async () => results.shift(), 1_000, { nowMs: () => 0 });
  const both = await Promise.allSettled([next(), next()]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await next()).toBe("yes");
});

test("remembered() makes nothing twice at once, however long it takes", async () => {
  let nowMs = 0;
  const waiting: ((result: string) => void)[] = [];
  const make = () => new Promise<string>((resolve) => waiting.push(resolve));
  const next = remembered(make, 0, { nowMs: () => nowMs });
  const first = next();
  nowMs = 60_000;
  const second = next();
  expect(waiting).toHaveLength(1);
  waiting[0]?.("made");
  expect(await Promise.all([first, second])).toEqual(["made", "made"]);
  void next();
  expect(waiting).toHaveLength(2);
});
