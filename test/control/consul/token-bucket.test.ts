import { expect, test } from "vitest";
import { TokenBucket } from "../../../control/consul/token-bucket.ts";
import { ManualClock } from "../../support/manual-clock.ts";

test("TokenBucket.takeMs() lets a burst through and then one every refillMs", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ burst: 2, refillMs: 1_000 }, clock);
  const waits = [bucket.takeMs(), bucket.takeMs(), bucket.takeMs(), bucket.takeMs()];
  expect(waits).toEqual([0, 0, 1_000, 2_000]);
});

test("TokenBucket.takeMs() never saves up more than the burst", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ burst: 2, refillMs: 1_000 }, clock);
  await clock.advance(60_000);
  expect([bucket.takeMs(), bucket.takeMs(), bucket.takeMs()]).toEqual([0, 0, 1_000]);
});
