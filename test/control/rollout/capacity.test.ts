import { expect, test } from "vitest";
import { shareCarried } from "../../../control/rollout/capacity.ts";

const observed = { perEndpoint: "observed" as const };

test.each([
  ["no limit is known", undefined, { perSecond: 1_000, endpoints: 1 }, 1],
  ["there is no traffic", { perEndpoint: 10 }, { perSecond: 0, endpoints: 1 }, 1],
  ["two endpoints carry a fifth", { perEndpoint: 100 }, { perSecond: 1_000, endpoints: 2 }, 0.2],
  ["they carry more than there is", { perEndpoint: 100 }, { perSecond: 50, endpoints: 2 }, 1],
  ["there is no endpoint", { perEndpoint: 100 }, { perSecond: 50, endpoints: 0 }, 0],
  ["stable has not been seen", observed, { perSecond: 0, endpoints: 1 }, 0],
  ["none is under way", observed, { perSecond: 0, endpoints: 1, inFlight: 0 }, 1],
  [
    "one may have half as many more at once",
    observed,
    { perSecond: 100, endpoints: 1, inFlight: 1, meanS: 0.1 },
    0.15,
  ],
  [
    "three of them have enough",
    observed,
    { perSecond: 100, endpoints: 3, inFlight: 4, meanS: 0.1 },
    1,
  ],
])("shareCarried() where %s", (_what, capacity, load, share) => {
  expect(shareCarried(capacity, load)).toBeCloseTo(share, 9);
});
