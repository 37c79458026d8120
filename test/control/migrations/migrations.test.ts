import { describe, expect, onTestFinished, test } from "vitest";
import { readService } from "../../../control/config/read-service.ts";
import { Events } from "../../../control/records/events.ts";
import { Migrations } from "../../../control/migrations/migrations.ts";
import type { Service } from "../../../control/config/service.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import { TableInForce } from "../../../control/table/table-in-force.ts";
import {
  FakeMigrationWorkers,
  LEFT_VERSION as NAME,
  NO_AGES,
} from "../../support/fake-migration-workers.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: which versions migrate, since when and until when, and what people may do about it.
 * Method: workers that answer what the test says, real tables, and a clock that the test turns.
 */

const NO_LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };

type Version = { weight?: number; state?: string };

function serviceOf(versions: Readonly<Record<string, Version>>, more: object = {}): Service {
  const documents = Object.entries(versions).map(([name, version]) => [
    name,
    { weight: 1, endpoints: ["a:1"], ...version },
  ]);
  const drain = { connectionsPerSecond: 100, soft: "10s", hard: "20s" };
  return readService("web", { drain, ...more, versions: Object.fromEntries(documents) });
}

const MIGRATE = { onShift: "migrate" };
const BOTH = { v1: {}, v2: {} };
const SHIFTED = { v1: { weight: 0 }, v2: {} };

type TestMigrations = {
  readonly migrations: Migrations;
  readonly workers: FakeMigrationWorkers;
  readonly clock: ManualClock;
  readonly events: Events;
  /** Puts a service in force; undefined removes it. */
  readonly apply: (service: Service | undefined) => Promise<void>;
  /** What was told, without ids and times. */
  readonly told: () => object[];
};

/** Migrations over a table with the service `web`. */
async function started(
  held: Readonly<Record<number, number>>,
  first = serviceOf(BOTH, MIGRATE),
): Promise<TestMigrations> {
  const [workers, clock] = [new FakeMigrationWorkers(held), new ManualClock()];
  const events = new Events(clock);
  const migrations = new Migrations({ workers, events, clock });
  onTestFinished(() => migrations.close());
  const apply = async (service: Service | undefined): Promise<void> => {
    migrations.follow(new Map(service === undefined ? [] : [["web", service]]));
    await clock.advance(0);
  };
  await apply(first);
  const told = (): object[] => events.since(0).map(({ id: _id, time: _time, ...event }) => event);
  return { migrations, workers, clock, events, apply, told };
}

describe("Migrations.follow()", () => {
  test.each<readonly [string, Service, Service | undefined, boolean]>([
    ["its weight becomes 0", serviceOf(BOTH, MIGRATE), serviceOf(SHIFTED, MIGRATE), true],
    [
      "its state becomes drain",
      serviceOf(BOTH, MIGRATE),
      serviceOf({ v1: { state: "drain" }, v2: {} }, MIGRATE),
      true,
    ],
    ["it is removed", serviceOf(BOTH, MIGRATE), serviceOf({ v2: {} }, MIGRATE), true],
    ["its service is removed", serviceOf(BOTH, MIGRATE), undefined, true],
    ["its service says keep", serviceOf(BOTH), serviceOf(SHIFTED), false],
    ["it is removed, and its service says keep", serviceOf(BOTH), serviceOf({ v2: {} }), false],
    [
      "its state becomes maint, whatever the service says",
      serviceOf(BOTH),
      serviceOf({ v1: { state: "maint" }, v2: {} }),
      true,
    ],
    ["its service begins to say migrate", serviceOf(SHIFTED), serviceOf(SHIFTED, MIGRATE), true],
    [
      "it is new and has no weight",
      serviceOf({ v2: {} }, MIGRATE),
      serviceOf(SHIFTED, MIGRATE),
      false,
    ],
    [
      "it still has a weight",
      serviceOf(BOTH, MIGRATE),
      serviceOf({ v1: {}, v2: { weight: 0 } }),
      false,
    ],
  ])("begins, or not, to migrate a version when %s", async (_when, before, after, begins) => {
    const { migrations, apply } = await started({ 1: 5 }, before);
    expect(migrations.view(NAME)).toBeUndefined();
    await apply(after);
    expect(migrations.view(NAME) !== undefined).toBe(begins);
  });

  test("begins even if a worker does not follow in time: it will act on the table", async () => {
    const [workers, clock] = [new FakeMigrationWorkers({ 1: 5 }), new ManualClock()];
    const events = new Events(clock);
    const migrations = new Migrations({ workers, events, clock });
    onTestFinished(() => migrations.close());
    let fails = false;
    const sink = { apply: async () => (fails ? Promise.reject(new Error("stuck")) : undefined) };
    const onTold = migrations.follow.bind(migrations);
    const table = new TableInForce({ sink, events, log: NO_LOG, onTold });
    const versions = (weight: number): object => ({
      v1: { weight, endpoints: ["a:1"] },
      v2: { weight: 1, endpoints: ["b:1"] },
    });
    const stored = (revision: number, weight: number): StoredTable =>
      ({ revision, services: { web: { ...MIGRATE, versions: versions(weight) } } }) as StoredTable;
    await table.apply(table.read(stored(1, 1)));
    expect(migrations.view(NAME)).toBeUndefined();
    fails = true;
    await expect(table.apply(table.read(stored(2, 0)))).rejects.toThrow("stuck");
    expect(migrations.view(NAME)).toBeDefined();
  });
});

describe("a migration", () => {
  test("ends when the version is in use again, and begins anew when it is left again", async () => {
    const { workers, clock, apply, migrations, told } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    await clock.advance(2_000);
    await apply(serviceOf(BOTH, MIGRATE));
    await apply(serviceOf(SHIFTED, MIGRATE));
    await clock.advance(0);
    expect(migrations.view(NAME)).toBeDefined();
    expect(told().map((event) => (event as { state?: string }).state)).toContain("back");
    // The end of the first one reaches the workers before the second one does.
    const stopAt = workers.asked.indexOf("migrateStop");
    expect(workers.asked.slice(stopAt + 1)).toEqual(["migrate", "migrate"]);
    expect(workers.orders.get(1)).toMatchObject({ ageMs: 0, attempt: 1 });
  });

  test("goes on by what the service says now", async () => {
    const { workers, clock, apply } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    const drain = { connectionsPerSecond: 7, soft: "1s", hard: "2s" };
    await apply(serviceOf(SHIFTED, { ...MIGRATE, drain }));
    await clock.advance(1_000);
    expect(workers.orders.get(1)).toMatchObject({ perSecond: 7, softMs: 1_000, hardMs: 2_000 });
  });

  test("is known until it has ended", async () => {
    const { workers, clock, apply, migrations } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    workers.held.set(1, 0);
    expect(migrations.view(NAME)).toBeDefined();
    await clock.advance(1_000);
    expect(migrations.view(NAME)).toBeUndefined();
  });
});

describe("Migrations.act()", () => {
  test("resumes a migration that has stopped by itself, and tells of it", async () => {
    const { workers, clock, apply, migrations, told } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    workers.progress.set(1, { stopped: true });
    await clock.advance(1_000);
    expect(migrations.view(NAME)?.state).toBe("stopped");
    workers.progress.clear();
    expect(migrations.act(NAME, "resume")).toMatchObject({ state: "running" });
    expect(told()).toContainEqual({ kind: "migration-resumed", services: ["web"], ...NAME });
  });

  test("ends a migration by hand, and knows none afterwards", async () => {
    const { workers, clock, apply, migrations, told } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    migrations.act(NAME, "stop");
    await clock.advance(0);
    expect(workers.asked.at(-1)).toBe("migrateStop");
    expect(told().at(-1)).toMatchObject({ state: "stopped", left: { tunnel: 10, exchange: 0 } });
    expect(() => migrations.act(NAME, "stop")).toThrow(
      expect.objectContaining({ code: "no_migration", status: 404 }),
    );
  });
});

describe("Migrations.open()", () => {
  test("adds up what workers have open", async () => {
    const { migrations } = await started({ 1: 3, 2: 4, 3: 0 });
    const open = await migrations.open();
    expect(open.of(NAME)).toEqual({ tunnel: [7, 0, 0, 0], exchange: NO_AGES });
    expect(open.of({ service: "web", version: "v2" })).toBeUndefined();
  });
});
