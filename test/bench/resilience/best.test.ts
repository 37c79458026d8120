import { expect, test } from "vitest";
import { isBest } from "../../../bench/resilience/best.ts";

test.each([
  ["is alone", { failed: 1, p99Ms: 9_000 }, [], true],
  ["fails less", { failed: 0.02, p99Ms: 500 }, [{ failed: 0.2, p99Ms: 5 }], true],
  ["fails more", { failed: 0.2, p99Ms: 5 }, [{ failed: 0.02, p99Ms: 500 }], false],
  ["fails as much and is faster", { failed: 0, p99Ms: 20 }, [{ failed: 0.005, p99Ms: 60 }], true],
  ["fails as much and is slower", { failed: 0, p99Ms: 60 }, [{ failed: 0.005, p99Ms: 20 }], false],
  ["differs within the noise", { failed: 0.009, p99Ms: 29 }, [{ failed: 0, p99Ms: 20 }], true],
  [
    "is beaten by one of two",
    { failed: 0, p99Ms: 200 },
    [
      { failed: 0.5, p99Ms: 5 },
      { failed: 0, p99Ms: 100 },
    ],
    false,
  ],
])("isBest() of who %s", (_, own, others, wanted) => {
  expect(isBest(own, others, 10)).toBe(wanted);
});
