import { expect, onTestFinished, test } from "vitest";
import { FollowedPath } from "../../../control/registry/followed-path.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

const PATH = "connect/intentions";
const LIMIT = { burst: 100, refillMs: 1 };
const TARGET = { action: "follow a number", path: PATH, stale: true, limit: LIMIT };

/** Follows an answer that must be a number. */
async function followed(first: unknown) {
  const { consul, deps } = await openConsulBed();
  consul.answers.set(PATH, first);
  const told: number[] = [];
  const path = new FollowedPath<number>(deps, TARGET, {
    read: ({ text }) => {
      const number = Number(text);
      if (Number.isNaN(number)) throw new Error("Consul's answer holds no number");
      return number;
    },
    onValue: (value) => void told.push(value),
  });
  onTestFinished(async () => {
    consul.changed();
    await path.close();
  });
  const answer = (value: unknown): void => {
    consul.answers.set(PATH, value);
    consul.changed();
  };
  const events = (): readonly unknown[] =>
    deps.lines.map((line) => (JSON.parse(line) as { event: unknown }).event);
  return { consul, path, told, answer, events };
}

test("FollowedPath tells of each value, and is tried with the first", async () => {
  const { path, told, answer } = await followed(1);
  await path.tried;
  expect([path.value, path.problem]).toEqual([1, undefined]);
  answer(2);
  await eventually(() => expect(told).toEqual([1, 2]));
  expect(path.value).toBe(2);
});

test("FollowedPath keeps the last value over answers without one, and says so once", async () => {
  const { path, told, answer, events } = await followed(1);
  await path.tried;
  answer("none");
  await eventually(() => expect(path.problem).toContain("Consul's answer holds no number"));
  answer("nothing");
  answer(3);
  await eventually(() => expect([path.value, path.problem]).toEqual([3, undefined]));
  expect(told).toEqual([1, 3]);
  expect(events()).toEqual(["connect.stale", "connect.current"]);
});

test("FollowedPath is tried, without a value, when Consul refuses", async () => {
  const { consul, path, told } = await followed(1);
  await path.tried;
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  consul.changed();
  await eventually(() => expect(path.problem).toBeDefined());
  expect([path.value, told]).toEqual([1, [1]]);
});

test("FollowedPath keeps nobody waiting who closes it", async () => {
  const { consul, path, told } = await followed(1);
  await path.tried;
  consul.fault = { kind: "silence" };
  consul.changed();
  await path.close();
  expect(told).toEqual([1]);
});
