import { expect, test } from "vitest";
import type { MigrationsView } from "../../../control/api/deps.ts";
import { askDrains } from "../../../control/api/drains.ts";
import { STATS_WAIT_MS } from "../../../control/api/worker-stats.ts";
import { OpenTotals } from "../../../control/migrations/open-totals.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const OPEN = new OpenTotals([
  { service: "web", version: "v1", tunnel: [1, 0, 0, 0], exchange: [0, 0, 0, 0] },
]);

/** Migrations that note in `asked` when the workers are asked. */
function migrationsWith(open: () => Promise<OpenTotals>, asked: string[] = []): MigrationsView {
  return {
    view: () => undefined,
    open: () => {
      asked.push("open");
      return open();
    },
    act: () => {
      throw new Error("Nobody acts here");
    },
  };
}

test("askDrains() asks nobody when no version is left", async () => {
  const asked: string[] = [];
  const services = [serviceSnapshot({ v1: 90, v2: 10 })];
  const migrations = migrationsWith(async () => OPEN, asked);
  const drains = await askDrains(services, migrations, fixedClock);
  expect(asked).toEqual([]);
  expect(drains.open?.of({ service: "web", version: "v1" })).toBeUndefined();
  expect(drains.migrations).toBe(migrations);
});

test.each([
  ["has weight 0", serviceSnapshot({ v1: 0, v2: 10 })],
  ["drains", serviceSnapshot({ v1: { weight: 90, state: "drain" }, v2: 10 })],
  ["is in maintenance", serviceSnapshot({ v1: { weight: 90, state: "maint" }, v2: 10 })],
])("askDrains() asks what is under way when a version of any service %s", async (_name, left) => {
  const services = [serviceSnapshot({ v1: 1 }, { name: "shop" }), left];
  const drains = await askDrains(
    services,
    migrationsWith(async () => OPEN),
    fixedClock,
  );
  expect(drains.open).toBe(OPEN);
});

test("askDrains() goes on without an answer after STATS_WAIT_MS", async () => {
  const clock = new ManualClock();
  const stuck = migrationsWith(() => new Promise(() => undefined));
  const asking = askDrains([serviceSnapshot({ v1: 0, v2: 1 })], stuck, clock);
  await clock.advance(STATS_WAIT_MS);
  expect((await asking).open).toBeUndefined();
});
