import { expect, test } from "vitest";
import { shareCarried } from "../../../control/rollout/capacity.ts";

test.each([
  ["no limit is known", undefined, 1, 1_000, 1],
  ["there is no traffic", { perEndpoint: 10 }, 1, 0, 1],
  ["two endpoints carry a fifth", { perEndpoint: 100 }, 2, 1_000, 0.2],
  ["they carry more than there is", { perEndpoint: 100 }, 2, 50, 1],
  ["there is no endpoint", { perEndpoint: 100 }, 0, 50, 0],
])("shareCarried() where %s", (_what, capacity, endpoints, perSecond, share) => {
  expect(shareCarried(capacity, endpoints, perSecond)).toBe(share);
});
