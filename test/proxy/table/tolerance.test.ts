import { expect, test } from "vitest";
import {
  TOLERANCES,
  TOLERATED,
  intolerable,
  toleranceSet,
} from "../../../proxy/table/tolerance.ts";

test("toleranceSet() has a bit of its own for each rule", () => {
  expect(toleranceSet([])).toBe(0);
  expect(toleranceSet(TOLERANCES)).toBe(2 ** TOLERANCES.length - 1);
});

test.each(TOLERANCES)(
  "intolerable() names %s when it is broken and nobody tolerates it",
  (name) => {
    const others = toleranceSet(TOLERANCES.filter((other) => other !== name));
    expect(intolerable(TOLERATED[name], others)).toBe(name);
    expect(intolerable(TOLERATED[name], toleranceSet([name]))).toBeUndefined();
    expect(intolerable(0, 0)).toBeUndefined();
  },
);
