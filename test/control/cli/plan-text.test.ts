import { expect, test } from "vitest";
import type { Plan } from "../../../control/api/plan.ts";
import { planText } from "../../../control/cli/plan-text.ts";
import { cellsOf } from "../../support/run-cli.ts";

test("planText() shows each version before and after, and below them the warnings", () => {
  const side = { tunnels: { open: 3, toMigrate: 1 }, capacity: { inFlightExpected: 1.6 } };
  const versions = {
    v1: { ...side, share: { before: 0.9, after: 0.5 }, keys: { lost: 0.4, gained: 0 } },
    v2: { ...side, share: { before: 0.1, after: 0.5 } },
  };
  const warnings = [{ code: "not_ready", service: "web", text: "v2 is in maint" }];
  expect(cellsOf(planText({ versions, warnings } as unknown as Plan))).toEqual([
    ["VERSION", "SHARE", "KEYS LOST", "GAINED", "TUNNELS TO MOVE", "OPEN EXPECTED"],
    ["v1", "90 %", "-> 50 %", "40 %", "0 %", "1 of 3", "2"],
    ["v2", "10 %", "-> 50 %", "-", "-", "1 of 3", "2"],
    ["warning: v2 is in maint"],
  ]);
});
