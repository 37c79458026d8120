import { expect, test } from "vitest";
import { Turns } from "../../../control/base/turns.ts";

test("Turns.run() runs at most so many at once, the others in the order they came", async () => {
  const turns = new Turns(2);
  const gates = ["a", "b", "c", "d"].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const steps: string[] = [];
  const runs = gates.map(({ name, promise }) =>
    turns.run(async () => {
      steps.push(`${name} begins`);
      await promise;
      steps.push(`${name} ends`);
    }),
  );
  for (const at of [1, 0, 2, 3]) {
    gates[at]?.resolve();
    await runs[at];
  }
  expect(steps).toEqual([
    "a begins",
    "b begins",
    "b ends",
    "c begins",
    "a ends",
    "d begins",
    "c ends",
    "d ends",
  ]);
});

test("Turns.run() passes the turn on when a task fails", async () => {
  const turns = new Turns(1);
  const failing = turns.run(() => Promise.reject(new Error("broken")));
  const next = turns.run(async () => "done");
  await expect(failing).rejects.toThrow("broken");
  await expect(next).resolves.toBe("done");
  await expect(turns.run(async () => "free again")).resolves.toBe("free again");
});
