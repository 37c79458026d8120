import { expect, test } from "vitest";
import { OpenTotals } from "../../../control/migrations/open-totals.ts";

const NONE = [0, 0, 0, 0];

test("adds up what workers hold at a version, by kind and age", () => {
  const totals = new OpenTotals([
    { service: "web", version: "v1", tunnel: [1, 2, 3, 4], exchange: NONE },
    { service: "web", version: "v2", tunnel: NONE, exchange: [5, 0, 0, 0] },
    { service: "web", version: "v1", tunnel: [10, 0, 0, 1], exchange: [1, 1, 0, 0] },
  ]);
  expect(totals.of({ service: "web", version: "v1" })).toEqual({
    tunnel: [11, 2, 3, 5],
    exchange: [1, 1, 0, 0],
  });
  expect(totals.of({ service: "web", version: "v2" })?.exchange).toEqual([5, 0, 0, 0]);
});

test("knows nothing of a version that nobody holds anything of, whatever its name", () => {
  const totals = new OpenTotals([
    { service: "a", version: "b c", tunnel: [1, 0, 0, 0], exchange: NONE },
  ]);
  for (const name of ["v1", "constructor", "__proto__"]) {
    expect(totals.of({ service: "web", version: name })).toBeUndefined();
  }
  expect(totals.of({ service: "a b", version: "c" })).toBeUndefined();
});
