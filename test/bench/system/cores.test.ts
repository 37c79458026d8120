import { describe, expect, test } from "vitest";
import { shareCores } from "../../../bench/system/cores.ts";

describe("shareCores", () => {
  test.each([
    [[0, 1], { contender: "0", load: "1" }],
    [[2, 3, 7], { contender: "2", load: "3,7" }],
    [[5], { contender: "5", load: "5" }],
  ])("gives the contender the first of %j and the load the rest", (allowed, shared) => {
    expect(shareCores(allowed)).toEqual(shared);
  });
});
