import { expect, test } from "vitest";
import { readWeights } from "../../../control/cli/read-weights.ts";

test("readWeights() tells weights and shares apart", () => {
  expect(readWeights(["v1=80", "v2=10%", "v3=0.5%"])).toEqual({ v1: 80, v2: "10%", v3: "0.5%" });
});

test.each([["v1"], ["v1="], ["=1"], ["v1=ten"], ["v1=-1"]])("readWeights() refuses %j", (pair) => {
  expect(() => readWeights([pair])).toThrow(/wanted VERSION=WHOLE NUMBER or VERSION=10%/);
});

test("readWeights() refuses a version that is there twice", () => {
  expect(() => readWeights(["v1=1", "v1=2"])).toThrow("each version once, found v1 again");
});
