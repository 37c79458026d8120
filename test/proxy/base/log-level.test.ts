import { expect, test } from "vitest";
import { LOG_LEVELS, LogDial } from "../../../proxy/base/log-level.ts";

test("LogDial lets its level and graver ones through", () => {
  const dial = new LogDial();
  expect(LOG_LEVELS.filter((level) => dial.lets(level))).toEqual(["info", "warn", "error"]);
  dial.level = "warn";
  expect(LOG_LEVELS.filter((level) => dial.lets(level))).toEqual(["warn", "error"]);
});
