import { expect, test } from "vitest";
import { StoreProblems } from "../../../control/store/store-problems.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** Problems by a clock of ours, with what was told of them. */
function problems() {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const note = (event: string): void => void told.push(event);
  const log = { info: note, warn: note, error: note };
  const onProblem = (problem: string | undefined): void => void told.push(problem);
  return { clock, told, problems: new StoreProblems({ clock, log, onProblem }) };
}

test("StoreProblems tells a problem once, and its end once", () => {
  const { told, problems: store } = problems();
  store.report("silence", "no answer");
  store.report("silence", "no answer");
  store.report("silence", undefined);
  store.report("silence", undefined);
  expect(told).toEqual(["store.out_of_step", "no answer", "store.in_step", undefined]);
});

test("StoreProblems is not over while one of the two kinds is left", () => {
  const { told, problems: store } = problems();
  store.report("refusal", "not JSON");
  store.report("silence", "no answer");
  expect(store.current).toBe("no answer");
  store.report("silence", undefined);
  expect(store.current).toBe("not JSON");
  expect(told).not.toContain("store.in_step");
  store.report("refusal", undefined);
  expect(store.current).toBeUndefined();
  expect(told.slice(-2)).toEqual(["store.in_step", undefined]);
});

test("StoreProblems.ageMs() counts from the first of problems that follow each other", async () => {
  const { clock, problems: store } = problems();
  expect(store.ageMs()).toBe(0);
  store.report("silence", "no answer");
  await clock.advance(2_000);
  store.report("silence", "no leader");
  await clock.advance(1_000);
  expect(store.ageMs()).toBe(3_000);
  store.report("silence", undefined);
  expect(store.ageMs()).toBe(0);
});
