import { expect, test } from "vitest";
import { secrecyFlaw } from "../../../control/base/secret-mode.ts";

test.each([
  ["ours, for us alone", 0o600, 1000, 1000],
  ["ours, read-only", 0o400, 1000, 1000],
  ["root's, whose group may read it, as in Kubernetes", 0o440, 0, 1000],
  ["root's, for root", 0o600, 0, 0],
  ["anybody's on Windows", 0o666, 0, undefined],
])("secrecyFlaw() has nothing against a file that is %s", (_, mode, uid, own) => {
  expect(secrecyFlaw("a.key", { mode, uid }, own)).toBeUndefined();
});

test.each([
  ["everybody may read", 0o644, 1000, 1000, "mode 0644"],
  ["our group may read", 0o640, 1000, 1000, "mode 0640"],
  ["root's group may write", 0o660, 0, 1000, "mode 0660"],
  ["root's group may read, as root", 0o640, 0, 0, "mode 0640"],
  ["somebody else owns", 0o600, 7, 1000, "one of user 7"],
])("secrecyFlaw() says what helps with a file that %s", (_, mode, uid, own, found) => {
  const flaw = secrecyFlaw("a.key", { mode, uid }, own);
  expect(flaw).toMatchObject({
    found,
    wanted: expect.stringMatching(/\((chmod|chown) .*a\.key\)/),
  });
});
