import { expect, test } from "vitest";
import { Serial } from "../../../control/base/serial.ts";

test("Serial.run() runs tasks one at a time and in order, whether they fail or not", async () => {
  const serial = new Serial(9);
  const log: string[] = [];
  const task =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const runs = [serial.run(task("a")), serial.run(task("b", true)), serial.run(task("c"))];
  const ends = await Promise.allSettled(runs);
  expect(ends.map((end) => (end.status === "fulfilled" ? end.value : end.reason))).toStrictEqual([
    "a",
    new Error("b"),
    "c",
  ]);
  expect(log).toStrictEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test("Serial.run() refuses what is too much, runAlways() does not", async () => {
  const serial = new Serial(1);
  const first = serial.run(() => Promise.resolve(1));
  await expect(serial.run(() => Promise.resolve(2))).rejects.toMatchObject({ code: "busy" });
  expect(await serial.runAlways(() => Promise.resolve(3))).toBe(3);
  expect(await first).toBe(1);
  expect(await serial.run(() => Promise.resolve(4))).toBe(4);
});

test("Serial.idle() waits for all, and throws none of their errors", async () => {
  const serial = new Serial(2);
  let ended = false;
  const failing = serial.run(async () => {
    await Promise.resolve();
    ended = true;
    throw new Error("failed");
  });
  await Promise.all([expect(failing).rejects.toThrow("failed"), serial.idle()]);
  expect(ended).toBe(true);
});
