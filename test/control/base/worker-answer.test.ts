import { expect, test } from "vitest";
import { WorkerError } from "../../../control/base/errors.ts";
import { within } from "../../../control/base/worker-answer.ts";
import { ManualClock } from "../../support/manual-clock.ts";

test("within() gives an answer that comes in time, also when it is a refusal", async () => {
  const clock = new ManualClock();
  expect(await within(Promise.resolve(7), "Worker 41", 1_000, clock)).toBe(7);
  const refusal = within(Promise.reject(new Error("no")), "Worker 41", 1_000, clock);
  await expect(refusal).rejects.toThrow("no");
});

test("within() says who is late", async () => {
  const clock = new ManualClock();
  const late = within(new Promise(() => undefined), "Worker 41", 1_000, clock);
  const told = expect(late).rejects.toEqual(new WorkerError("Worker 41 did not answer in time"));
  await clock.advance(1_000);
  await told;
});
