import { describe, expect, onTestFinished, test } from "vitest";
import type { DrainPolicy } from "../../../control/config/service.ts";
import { VersionMigration } from "../../../control/migrations/version-migration.ts";
import { Events } from "../../../control/records/events.ts";
import type { MigrationProgress } from "../../../proxy/messages/messages.ts";
import {
  FakeMigrationWorkers,
  LEFT_VERSION as NAME,
  NO_AGES,
} from "../../support/fake-migration-workers.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: what each worker is told of one migration, what people see of it, and when it ends.
 * Method: workers that answer what the test says, and a clock that the test turns.
 */

const POLICY: DrainPolicy = { connectionsPerSecond: 100, softMs: 10_000, hardMs: 20_000 };
const ABOUT = { services: ["web"], ...NAME };
const PROGRESS = { kind: "drain", scope: "version", ...ABOUT };
const NOTHING = { tunnel: 0, exchange: 0 };

/** Progress of a worker that has only exchanges left. */
function exchanges(count: number): Partial<MigrationProgress> {
  return { left: { tunnel: NO_AGES, exchange: [count, 0, 0, 0] } };
}

type TestMigration = {
  readonly migration: VersionMigration;
  readonly workers: FakeMigrationWorkers;
  readonly clock: ManualClock;
  /** What was told, without ids and times. */
  readonly told: () => object[];
  /** Resolves when run() has. */
  readonly ran: Promise<void>;
};

/** A migration whose first two rounds are over. `held`: tunnels by the worker's pid. */
async function running(
  held: Readonly<Record<number, number>>,
  progress: Partial<MigrationProgress> = {},
): Promise<TestMigration> {
  const [workers, clock] = [new FakeMigrationWorkers(held), new ManualClock()];
  for (const pid of workers.held.keys()) workers.progress.set(pid, progress);
  const events = new Events(clock);
  const migration = new VersionMigration(NAME, POLICY, { workers, events, clock });
  onTestFinished(() => migration.end("closing"));
  const ran = migration.run();
  await clock.advance(0);
  const told = (): object[] => events.since(0).map(({ id: _id, time: _time, ...event }) => event);
  return { migration, workers, clock, told, ran };
}

describe("VersionMigration.run()", () => {
  test("divides the rate by what workers hold, every second, and tells its progress", async () => {
    const { workers, clock, migration, told } = await running({ 1: 300, 2: 100 });
    expect(workers.rates).toEqual({ 1: 75, 2: 25 });
    const order = { ...NAME, softMs: 10_000, hardMs: 20_000, attempt: 1, paused: false };
    expect(workers.orders.get(1)).toMatchObject({ ...order, ageMs: 0, activeMs: 0 });
    workers.held.set(1, 200).set(2, 100);
    workers.progress.set(1, { closed: 100 }).set(2, { closed: 0, closing: 50 });
    await clock.advance(1_000);
    // By what was known when the round began; the next one knows better.
    expect(workers.orders.get(1)).toMatchObject({ perSecond: 75, ageMs: 1_000, activeMs: 1_000 });
    expect(migration.view()).toEqual({
      state: "running",
      left: { tunnel: 300, exchange: 0 },
      closed: 100,
      timeLeftMs: 2_500,
    });
    await clock.advance(500);
    expect(migration.view().timeLeftMs).toBe(2_000);
    await clock.advance(500);
    expect(workers.rates[1]).toBeCloseTo(200 / 3);
    const drain = { ...PROGRESS, state: "running" };
    expect(told().slice(0, 2)).toEqual([
      { ...drain, left: { tunnel: 400, exchange: 0 }, closed: 0, timeLeftMs: 4_000 },
      { ...drain, left: { tunnel: 300, exchange: 0 }, closed: 100, timeLeftMs: 2_500 },
    ]);
  });

  test("asks before it orders anything: nobody knows yet who holds how much", async () => {
    const rates: number[] = [];
    const workers = new FakeMigrationWorkers({ 1: 10 });
    const [clock, ask] = [new ManualClock(), workers.askEach.bind(workers)];
    workers.askEach = async (question) => {
      const answers = await ask(question);
      rates.push(workers.orders.get(1)?.perSecond ?? -1);
      return answers;
    };
    const migration = new VersionMigration(NAME, POLICY, {
      workers,
      events: new Events(clock),
      clock,
    });
    onTestFinished(() => migration.end("closing"));
    void migration.run();
    await clock.advance(0);
    expect(rates).toEqual([0, 100]);
  });

  test("ends when nothing is left, and not because no worker answers", async () => {
    const { workers, clock, told, ran } = await running({ 1: 10 });
    workers.held.clear();
    await clock.advance(3_000);
    expect(told().at(-1)).toMatchObject({ state: "running" });
    workers.held.set(2, 0);
    workers.progress.set(2, { closed: 10 });
    await clock.advance(1_000);
    await ran;
    expect(workers.asked.at(-1)).toBe("migrateStop");
    expect(told().at(-1)).toEqual({ ...PROGRESS, state: "done", left: NOTHING, closed: 10 });
    const rounds = workers.asked.length;
    await clock.advance(10_000);
    expect(workers.asked).toHaveLength(rounds);
  });

  test("takes shorter naps towards the end, but no shorter than 50 ms", async () => {
    const { workers, clock } = await running({ 1: 20 });
    const rounds = (): number => workers.asked.length;
    const before = rounds();
    await clock.advance(199);
    expect(rounds()).toBe(before);
    await clock.advance(1);
    expect(rounds()).toBe(before + 1);
    workers.held.set(1, 1);
    await clock.advance(200);
    const last = rounds();
    await clock.advance(49);
    expect(rounds()).toBe(last);
    await clock.advance(1);
    expect(rounds()).toBe(last + 1);
  });

  test("counts what workers have closed that are gone", async () => {
    const { workers, clock, migration } = await running({ 1: 300, 2: 300 }, { closed: 5 });
    workers.held.delete(1);
    workers.progress.set(2, { closed: 30 });
    await clock.advance(1_000);
    expect(migration.view()).toMatchObject({ closed: 35, left: { tunnel: 300, exchange: 0 } });
  });
});

describe("VersionMigration.view()", () => {
  test("gives no time before the workers have said what they hold", () => {
    const clock = new ManualClock();
    const deps = { workers: new FakeMigrationWorkers({}), events: new Events(clock), clock };
    const view = { state: "running", left: NOTHING, closed: 0 };
    expect(new VersionMigration(NAME, POLICY, deps).view()).toEqual(view);
  });

  test("estimates exchanges from the soft deadline on, and never past the hard one", async () => {
    const { workers, clock, migration } = await running({ 1: 0 }, exchanges(100));
    expect(migration.view().timeLeftMs).toBe(11_000);
    workers.progress.set(1, exchanges(5_000));
    await clock.advance(1_000);
    expect(migration.view().timeLeftMs).toBe(19_000);
  });
});

describe("A migration stops by itself", () => {
  test("when handshakes fail over all workers, and does not count that time", async () => {
    const { workers, clock, migration, told } = await running({ 1: 1_000, 2: 1_000 });
    // Neither worker has seen enough to stop by itself.
    for (const pid of [1, 2]) workers.progress.set(pid, { reconnects: 10, reconnectsFailed: 6 });
    await clock.advance(1_000);
    const reason = "12 of 20 WebSocket handshakes failed since it began";
    const left = { tunnel: 2_000, exchange: 0 };
    expect(migration.view()).toEqual({ state: "stopped", reason, left, closed: 0 });
    expect(told().filter((event) => "reason" in event && !("scope" in event))).toEqual([
      { kind: "migration-stopped", ...ABOUT, reason },
    ]);
    await clock.advance(5_000);
    expect(workers.orders.get(1)).toMatchObject({ paused: true, activeMs: 1_000, ageMs: 6_000 });
    workers.progress.clear();
    migration.resume();
    expect(migration.view()).toMatchObject({ state: "running" });
    await clock.advance(1_000);
    expect(workers.orders.get(1)).toMatchObject({ paused: false, attempt: 2, activeMs: 2_000 });
  });

  test("when one worker has stopped by itself", async () => {
    const { workers, clock, migration } = await running({ 1: 1_000, 2: 1_000 });
    // Not enough of them for the sum to stop it.
    workers.progress.set(2, { stopped: true, reconnects: 10, reconnectsFailed: 10 });
    await clock.advance(1_000);
    expect(migration.view().state).toBe("stopped");
    await clock.advance(1_000);
    expect(workers.orders.get(1)?.paused).toBe(true);
  });

  test("not for half of the handshakes, nor for a few", async () => {
    const { workers, clock, migration } = await running({ 1: 1_000 });
    for (const [reconnects, reconnectsFailed] of [
      [20, 10],
      [19, 19],
    ] as const) {
      workers.progress.set(1, { reconnects, reconnectsFailed });
      await clock.advance(1_000);
      expect(migration.view().state).toBe("running");
    }
  });
});

describe("VersionMigration.end()", () => {
  test("wakes it; workers keep what is left", async () => {
    const { workers, migration, told, ran } = await running({ 1: 1_000 });
    migration.end("back");
    await ran;
    expect(workers.asked.at(-1)).toBe("migrateStop");
    expect(told().at(-1)).toMatchObject({ state: "back", left: { tunnel: 1_000, exchange: 0 } });
    await expect(migration.ended).resolves.toBeUndefined();
  });

  test("asks workers nothing more when they are about to end too", async () => {
    const { workers, migration, told, ran } = await running({ 1: 1_000 });
    const asked = workers.asked.length;
    migration.end("closing");
    await ran;
    expect(workers.asked).toHaveLength(asked);
    expect(told().at(-1)).toMatchObject({ state: "closing" });
  });

  test("keeps the first reason", async () => {
    const { migration, told, ran } = await running({ 1: 1_000 });
    migration.end("stopped");
    migration.end("back");
    await ran;
    expect(told().at(-1)).toMatchObject({ state: "stopped" });
  });
});

test("VersionMigration.resume() changes nothing while it is under way", async () => {
  const { workers, clock, migration } = await running({ 1: 1_000 });
  migration.resume();
  await clock.advance(1_000);
  expect(workers.orders.get(1)).toMatchObject({ attempt: 1, activeMs: 1_000 });
});
