import { expect, test } from "vitest";
import { stableOf } from "../../../control/rollout/stable-of.ts";

const table = {
  weights: (service: string) => {
    if (service !== "web") return undefined;
    return { weights: { v1: 90, v2: 0, v3: 10, v4: 0 }, revision: 7 };
  },
};
const ask = (from?: string, to = "v2", service = "web"): ReturnType<typeof stableOf> =>
  stableOf({ service, to, from }, table);

test("stableOf() is the version that is named, if it has traffic", () => {
  expect(ask("v3")).toEqual({
    from: "v3",
    before: { v1: 90, v2: 0, v3: 10, v4: 0 },
    revision: 7,
  });
});

test.each([
  ["several have traffic", undefined, "v2", "found v1, v3"],
  ["it has none", "v4", "v2", "wanted a weight above 0 of v4, found 0"],
  ["the new version has some", "v1", "v3", "wanted weight 0 of v3, found 10"],
  ["both are the same", "v1", "v1", "wanted a weight above 0 of v1"],
  ["it is not there", "v9", "v2", 'Cannot find version "v9" of web'],
  ["the new version is not there", "v1", "v9", 'Cannot find version "v9" of web'],
])("stableOf() refuses when %s", (_what, from, to, text) => {
  expect(() => ask(from, to)).toThrow(text);
});

test("stableOf() refuses a version that has all of the traffic already, and says so", () => {
  const full = { weights: () => ({ weights: { v1: 100, v2: 0 }, revision: 7 }) };
  expect(() => stableOf({ service: "web", to: "v1" }, full)).toThrow(
    "wanted a version without traffic, found v1, which has all of it",
  );
});

test("stableOf() refuses a service that is not there", () => {
  expect(() => ask(undefined, "v2", "shop")).toThrow('Cannot find service "shop"');
});
