import { expect, test } from "vitest";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";
import { TUNNEL_OUTCOMES } from "../../../proxy/metrics/stats.ts";
import { addedTunnels, TunnelCounters } from "../../../proxy/metrics/tunnel-counters.ts";

const HOUR_MS = 3_600_000;

/** Counts by outcome. */
const outcomes = (counts: Partial<Record<(typeof TUNNEL_OUTCOMES)[number], number>>): number[] =>
  TUNNEL_OUTCOMES.map((outcome) => counts[outcome] ?? 0);

test("TunnelCounters counts by outcome, bytes by direction, and how long they lasted", () => {
  const counters = new TunnelCounters();
  expect(counters.touched).toBe(false);
  counters.bytesIn += 3;
  expect(counters.touched).toBe(true);
  counters.bytesOut += 4;
  counters.ended("ok", 640);
  counters.ended("ok", 640);
  counters.ended("denied", HOUR_MS);
  counters.failed("connect-refused");
  expect(counters.counts()).toEqual({
    outcomes: outcomes({ ok: 2, denied: 1 }),
    durations: [
      [bucketOf(10), 2],
      [bucketOf(HOUR_MS / 64), 1],
    ],
    durationSumMs: 2 * 640 + HOUR_MS,
    bytesIn: 3,
    bytesOut: 4,
    failures: { "connect-refused": 1 },
  });
});

test("TunnelCounters is touched by a tunnel that carried nothing", () => {
  const counters = new TunnelCounters();
  counters.ended("closed", 0);
  expect(counters.touched).toBe(true);
});

test("addedTunnels() adds the counts of two places, and changes neither", () => {
  const [one, other] = [new TunnelCounters(), new TunnelCounters()];
  one.ended("ok", 640);
  one.bytesIn = 1;
  one.failed("connect-refused");
  other.ended("ok", 640);
  other.ended("idle", HOUR_MS);
  other.bytesOut = 2;
  other.failed("connect-refused");
  other.failed("connect-timeout");
  const [before, more] = [one.counts(), other.counts()];
  expect(addedTunnels(before, more)).toEqual({
    outcomes: outcomes({ ok: 2, idle: 1 }),
    durations: [
      [bucketOf(10), 2],
      [bucketOf(HOUR_MS / 64), 1],
    ],
    durationSumMs: 2 * 640 + HOUR_MS,
    bytesIn: 1,
    bytesOut: 2,
    failures: { "connect-refused": 2, "connect-timeout": 1 },
  });
  expect(before).toEqual(one.counts());
});
