import { expect, test } from "vitest";
import { withoutShare } from "../../../control/rollout/decision.ts";

test("withoutShare() gives the canary what the stage gives, and begins the next", () => {
  const why = { rule: "plan", text: "" } as const;
  const match = { headers: { "x-canary": "1" } };
  const begun = { kind: "weight", share: 0, next: true, why };
  expect(withoutShare({ kind: "headerRoute", match }, why)).toEqual({ ...begun, match });
  const copies = { percent: 20 };
  expect(withoutShare({ kind: "mirror", copies }, why)).toEqual({ ...begun, copies });
});
