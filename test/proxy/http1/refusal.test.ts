import { STATUS_CODES } from "node:http";
import { expect, test } from "vitest";
import { REFUSALS } from "../../../proxy/http1/refusal.ts";

test("REFUSALS are frozen, one a reason, with a status of an error that HTTP knows", () => {
  expect(Object.isFrozen(REFUSALS)).toBe(true);
  for (const [reason, refusal] of Object.entries(REFUSALS)) {
    expect(refusal.reason).toBe(reason);
    expect(Object.isFrozen(refusal)).toBe(true);
    expect(refusal.status).toBeGreaterThanOrEqual(400);
    expect(STATUS_CODES[refusal.status]).toBeDefined();
  }
});
