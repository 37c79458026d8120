import { expect, test } from "vitest";
import { StatsTicker, STATS_WINDOW_MS } from "../../../control/api/stats-ticker.ts";
import type { Stats } from "../../../control/api/stats-ticker.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { started } from "../../support/started-services.ts";
import { oneWorker } from "../../support/worker-stats.ts";

/** A ticker whose workers count ten more requests each time they are asked. */
async function startTicker(): Promise<{
  readonly ticker: StatsTicker;
  readonly clock: ManualClock;
  readonly asked: () => number;
  readonly fail: (reason: string | undefined) => void;
}> {
  const clock = new ManualClock();
  const { services } = await started();
  let asked = 0;
  let reason: string | undefined;
  const totals = async (): Promise<WorkerTotals> => {
    asked += 1;
    if (reason !== undefined) throw new Error(reason);
    const worker = oneWorker();
    const codes = [0, 0, asked * 10, 0, 0, 0];
    return new WorkerTotals([
      { ...worker, versions: worker.versions.map((each) => ({ ...each, codes })) },
    ]);
  };
  const ticker = new StatsTicker({ services, totals, clock });
  return { ticker, clock, asked: () => asked, fail: (text) => (reason = text) };
}

test("StatsTicker tells once a second how traffic went in the window", async () => {
  const { ticker, clock } = await startTicker();
  const told: Stats[] = [];
  const leave = ticker.watch((stats) => told.push(stats));
  for (let second = 0; second < 15; second += 1) await clock.advance(1_000);
  leave();
  expect(told.map(({ windowMs }) => windowMs)).toEqual([
    0,
    1_000,
    2_000,
    3_000,
    4_000,
    5_000,
    6_000,
    7_000,
    8_000,
    9_000,
    ...Array.from({ length: told.length - 10 }, () => STATS_WINDOW_MS),
  ]);
  expect(told.at(-1)).toMatchObject({ revision: 1, services: { web: { rate: 10, open: 3 } } });
});

test("StatsTicker asks nobody while nobody watches, and begins again then", async () => {
  const { ticker, clock, asked } = await startTicker();
  await clock.advance(5_000);
  expect(asked()).toBe(0);
  const told: Stats[] = [];
  const leaves = [ticker.watch((stats) => told.push(stats)), ticker.watch(() => undefined)];
  await clock.advance(3_000);
  for (const leave of leaves) leave();
  const before = asked();
  await clock.advance(5_000);
  expect(asked()).toBe(before);
  told.length = 0;
  const leave = ticker.watch((stats) => told.push(stats));
  await clock.advance(0);
  leave();
  expect(told.map(({ windowMs }) => windowMs)).toEqual([0]);
});

test("StatsTicker says which worker did not answer, and goes on when it does", async () => {
  const { ticker, clock, fail } = await startTicker();
  const told: Stats[] = [];
  const leave = ticker.watch((stats) => told.push(stats));
  await clock.advance(1_000);
  fail("worker 12 did not answer");
  await clock.advance(1_000);
  expect(told.at(-1)).toMatchObject({ windowMs: 0, services: {} });
  expect(told.at(-1)?.countsMissing).toContain("worker 12 did not answer");
  fail(undefined);
  await clock.advance(1_000);
  leave();
  expect(told.at(-1)).toMatchObject({ windowMs: 3_000, services: { web: { rate: 10 } } });
  expect(told.at(-1)).not.toHaveProperty("countsMissing");
});
