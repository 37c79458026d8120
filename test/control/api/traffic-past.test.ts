import { expect, onTestFinished, test } from "vitest";
import { PAST_INTERVAL_MS, PAST_KEPT_MS, TrafficPast } from "../../../control/api/traffic-past.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { started } from "../../support/started-services.ts";
import { oneWorker } from "../../support/worker-stats.ts";

/** A past whose workers count so many requests more each second. */
async function startPast(perSecond: number): Promise<{
  readonly past: TrafficPast;
  readonly clock: ManualClock;
}> {
  const clock = new ManualClock();
  const { services } = await started();
  const lastCounts = (): readonly WorkerStats[] => {
    const requests = (clock.nowMs() / 1_000) * perSecond;
    const worker = oneWorker();
    const counts = {
      codes: [0, 0, requests, 0, 0, requests],
      durations: [[80, requests]] as const,
    };
    return [{ ...worker, versions: worker.versions.map((each) => ({ ...each, ...counts })) }];
  };
  const past = new TrafficPast({ services, lastCounts, clock });
  onTestFinished(() => past.end());
  void past.run();
  return { past, clock };
}

test("TrafficPast remembers how each ten seconds went, for a quarter of an hour", async () => {
  const { past, clock } = await startPast(4);
  await clock.advance(2 * PAST_INTERVAL_MS);
  const at = (afterMs: number): string => new Date(Date.UTC(2026, 0, 1) + afterMs).toISOString();
  const v1 = { rate: 8, errors: 0.5, p99Ms: expect.any(Number) };
  expect(past.of("web")).toEqual([
    { time: at(10_000), versions: { v1 } },
    { time: at(20_000), versions: { v1 } },
  ]);
  await clock.advance(2 * PAST_KEPT_MS);
  const times = past.of("web").map(({ time }) => time);
  expect(times).toHaveLength(PAST_KEPT_MS / PAST_INTERVAL_MS);
  expect(times.at(-1)).toBe(at(20_000 + 2 * PAST_KEPT_MS));
});

test("TrafficPast remembers that there was nothing, and nothing after its end", async () => {
  const { past, clock } = await startPast(0);
  await clock.advance(PAST_INTERVAL_MS);
  expect(past.of("shop").map(({ versions }) => versions)).toEqual([{}]);
  past.end();
  await clock.advance(5 * PAST_INTERVAL_MS);
  expect(past.of("shop")).toHaveLength(1);
});
