import { expect, test } from "vitest";
import { untilAborted } from "../../../control/store/until-aborted.ts";

test("untilAborted() resolves when the signal is aborted, not before", async () => {
  const end = new AbortController();
  let isOver = false;
  const over = untilAborted(end.signal).then(() => (isOver = true));
  await Promise.resolve();
  expect(isOver).toBe(false);
  end.abort();
  await over;
});

test("untilAborted() resolves at once when the signal is aborted already", async () => {
  expect(await untilAborted(AbortSignal.abort())).toBeUndefined();
});
