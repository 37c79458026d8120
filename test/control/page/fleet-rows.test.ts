import { expect, test } from "vitest";
import { lagText, lastFirst } from "../../../control/page/fleet-rows.ts";

test("lastFirst() puts those that lag most first, then goes by name", () => {
  const sidecars = [
    { sidecar: "c", revision: 9 },
    { sidecar: "b", revision: 9 },
    { sidecar: "a", revision: 7 },
  ];
  expect(lastFirst({ sidecars }).map(({ sidecar }) => sidecar)).toEqual(["a", "b", "c"]);
});

test.each([
  [9, "in step"],
  [10, "in step"],
  [8, "lags by 1 revision"],
  [5, "lags by 4 revisions"],
  [0, "has no table yet"],
])("lagText(%i, 9) is %s", (revision, text) => {
  expect(lagText(revision, 9)).toBe(text);
});
