import { expect, test } from "vitest";
import { breachOf } from "../../../control/rollout/guard-rails.ts";
import { armOf } from "../analysis/arms.ts";

const RAILS = { errorRateMax: 0.1, p99MsMax: 100 };

test.each([
  ["few requests say nothing", [armOf(19, 19)], undefined],
  ["errors within the limit", [armOf(10, 0), armOf(10, 2)], undefined],
  ["errors above it", [armOf(10, 0), armOf(10, 3)], "3 of 20 requests failed, the limit is 10 %"],
  ["slow ones, but few", [armOf(298, 0, 500)], undefined],
  ["slow ones", [armOf(200, 0, 10), armOf(99, 0, 500)], "p99 is 524 ms, the limit is 100 ms"],
])("breachOf() of %s", (_what, recent, text) => {
  expect(breachOf(RAILS, recent)).toEqual(text && { rule: "guard-rail", text });
});

test("breachOf() without limits finds none", () => {
  const none = { errorRateMax: undefined, p99MsMax: undefined };
  expect(breachOf(none, [armOf(1_000, 1_000, 9_000)])).toBeUndefined();
});
