import { expect, test } from "vitest";
import { keyAction, KEYS_HELP } from "../../../control/page/key-action.ts";

const pressed = { ctrlKey: false, metaKey: false, altKey: false, inText: false };

test("keyAction() knows every key that the help names", () => {
  const found = KEYS_HELP.map(([key]) => keyAction({ ...pressed, key }));
  expect(found).toEqual(["shift", "drain", "pause", "abort", "find", "help", undefined]);
});

test.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { inText: true }])(
  "keyAction() leaves keys alone with %j",
  (over) => {
    expect(keyAction({ ...pressed, ...over, key: "s" })).toBeUndefined();
  },
);
