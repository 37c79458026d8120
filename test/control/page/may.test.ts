import { expect, test } from "vitest";
import { may } from "../../../control/page/may.ts";

const of = (role: "none" | "read" | "shift" | "write" | "admin", services?: readonly string[]) => ({
  actor: "token:x",
  role,
  ...(services === undefined ? {} : { services }),
});

test("may() lets nobody do anything before they are known", () => {
  expect(may(undefined, "read")).toBe(false);
  expect(may(of("none"), "read")).toBe(false);
});

test("may() goes by the role, and by the services that it is limited to", () => {
  expect(may(of("read"), "shift", "shop")).toBe(false);
  expect(may(of("shift"), "shift", "shop")).toBe(true);
  expect(may(of("write"), "admin")).toBe(false);
  expect(may(of("admin", ["cart"]), "shift", "shop")).toBe(false);
  expect(may(of("shift", ["shop"]), "shift", "shop")).toBe(true);
  expect(may(of("admin", ["shop"]), "admin")).toBe(false);
});
