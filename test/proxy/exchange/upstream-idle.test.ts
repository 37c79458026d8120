import { expect, test } from "vitest";
import { upstreamIdleMs } from "../../../proxy/exchange/upstream-idle.ts";

test.each([
  // What the peer says, and how long we keep it: one second less than that, 4 s when it is silent.
  [undefined, 4_000],
  ["timeout=5", 4_000],
  ["timeout=5, max=100", 4_000],
  ["max=100, TIMEOUT=30", 29_000],
  ["timeout=1", 0],
  ["timeout=0", 0],
  ["timeout=86400", 60_000],
  ["max=100", 4_000],
  ["timeout=soon", 4_000],
  ["xtimeout=9", 4_000],
])("upstreamIdleMs(%j) is %i", (keepAlive, wantedMs) => {
  expect(upstreamIdleMs(keepAlive)).toBe(wantedMs);
});
