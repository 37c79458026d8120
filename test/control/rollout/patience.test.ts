import { expect, test } from "vitest";
import { afterPatience, byLack, last, whenOver } from "../../../control/rollout/patience.ts";
import { rolloutOf, verdictOf } from "./specs.ts";

const WHY = { rule: "hold-max", text: "after 30 s" } as const;

test("afterPatience() does what the policy says", () => {
  const kinds = (["pause", "promote", "abort"] as const).map((onInconclusive) => {
    return afterPatience(rolloutOf({ onInconclusive }), WHY).kind;
  });
  expect(kinds).toEqual(["inconclusive", "succeed", "abort"]);
});

test("byLack() waits for as long as the verdict does, and says everything then", () => {
  const reasons = [{ rule: "few-requests", text: "3 of 20" }, WHY] as const;
  const lacking = verdictOf({ state: "inconclusive", reasons });
  expect(byLack(rolloutOf(), lacking)).toEqual({ kind: "hold", why: reasons[0] });
  const over = byLack(rolloutOf(), { ...lacking, action: "pause" });
  const why = { rule: "hold-max", text: "3 of 20; after 30 s" };
  expect(over).toEqual({ kind: "inconclusive", why });
  expect(last(verdictOf({ reasons: [] }))).toEqual({ rule: "evidence", text: "" });
});

test("whenOver() says how long it waits, to the second", () => {
  const [before, after] = [whenOver(5_000, 1_000, 1_500), whenOver(5_000, 1_000, 6_000)];
  expect([before.kind, before.why.text]).toEqual(["hold", "5 s left"]);
  expect([after.kind, after.why.text]).toEqual(["next", "5 s are over"]);
});
