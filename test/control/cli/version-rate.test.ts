import { expect, test } from "vitest";
import { rateOf } from "../../../control/cli/version-rate.ts";
import type { CountsSeen } from "../../../control/cli/version-rate.ts";

function seen(
  atMs: number,
  attempts: Readonly<Record<string, number>>,
  ...durations: readonly (readonly [number, number])[]
): CountsSeen {
  return { atMs, versions: { v2: { attempts, durations } } };
}

const FIRST = seen(0, { ok: 100, "5xx": 5, local: 1 }, [4, 106]);
const UNKNOWN = { perSecond: undefined, failed: undefined, p99Ms: undefined };

test("rateOf() tells what came between two looks: a fault of our own is no failure", () => {
  const now = seen(2_000, { ok: 186, "5xx": 15, local: 5 }, [4, 204], [64, 2]);
  expect(rateOf("v2", FIRST, now)).toEqual({ perSecond: 50, failed: 0.1, p99Ms: 64 });
});

test("rateOf() knows nothing before the second look, of others, and after a new beginning", () => {
  expect(rateOf("v2", undefined, FIRST)).toEqual(UNKNOWN);
  expect(rateOf("v1", FIRST, FIRST)).toEqual(UNKNOWN);
  expect(rateOf("v2", FIRST, seen(1_000, { ok: 1 }))).toEqual(UNKNOWN);
});

test("rateOf() of a second without requests is 0, with nothing to tell of them", () => {
  const now = { ...FIRST, atMs: 1_000 };
  expect(rateOf("v2", FIRST, now)).toEqual({ ...UNKNOWN, perSecond: 0 });
});
