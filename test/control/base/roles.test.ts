import { expect, test } from "vitest";
import { reaches, ROLES } from "../../../control/base/roles.ts";

test("reaches() lets each role do what those before it may, and no more", () => {
  const reached = ROLES.map((held) => ROLES.filter((needed) => reaches(held, needed)));
  expect(reached).toEqual([
    ["read"],
    ["read", "shift"],
    ["read", "shift", "write"],
    ["read", "shift", "write", "admin"],
  ]);
});
