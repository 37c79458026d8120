import { expect, test } from "vitest";
import { upstreamIdleMs } from "../../../proxy/exchange/upstream-idle.ts";

test.each([
  // What the peer says, and how long we keep it: one second less than that.
  [undefined, undefined],
  ["timeout=5", 4_000],
  ["timeout=5, max=100", 4_000],
  ["max=100, TIMEOUT=30", 29_000],
  ["timeout=1", 0],
  ["timeout=0", 0],
  ["timeout=86400", 86_399_000],
  ["max=100", undefined],
  ["timeout=soon", undefined],
  ["xtimeout=9", undefined],
])("upstreamIdleMs(%j) is %s", (keepAlive, wantedMs) => {
  expect(upstreamIdleMs(keepAlive)).toBe(wantedMs);
});
