import { describe, expect, onTestFinished, test } from "vitest";
import { readService } from "../../../control/config/read-service.ts";
import { Events } from "../../../control/records/events.ts";
import { Migrations } from "../../../control/migrations/migrations.ts";
import type { Service } from "../../../control/config/service.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import { TableInForce } from "../../../control/table/table-in-force.ts";
import type { AskedWorkers } from "../../../control/migrations/version-migration.ts";
import type { Question } from "../../../control/workers/worker-process.ts";
import type {
  FromWorker,
  MigrationOrder,
  MigrationProgress,
} from "../../../proxy/messages/messages.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: when a migration begins, what each worker is told, what people see, and when it ends.
 * Method: workers that answer what the test says, real tables, and a clock that the test turns.
 */

const NO_LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
const NO_AGES = [0, 0, 0, 0];
const NAME = { service: "web", version: "v1" };

/** Workers that hold tunnels and end them when the test says so. */
class FakeWorkers implements AskedWorkers {
  /** Tunnels by pid. */
  readonly held: Map<number, number>;
  readonly progress = new Map<number, Partial<MigrationProgress>>();
  /** What each was last ordered. */
  readonly orders = new Map<number, MigrationOrder>();
  readonly asked: string[] = [];

  constructor(held: Readonly<Record<number, number>>) {
    this.held = new Map(Object.entries(held).map(([pid, count]) => [Number(pid), count]));
  }

  get rates(): Record<string, number> {
    return Object.fromEntries([...this.orders].map(([pid, { perSecond }]) => [pid, perSecond]));
  }

  async askEach(question: (pid: number) => Question): Promise<ReadonlyMap<number, FromWorker>> {
    const pids = [...this.held.keys()];
    return new Map(pids.map((pid) => [pid, this.#answer(pid, question(pid))] as const));
  }

  #answer(pid: number, question: Question): FromWorker {
    this.asked.push(question.kind);
    const tunnels = this.held.get(pid) ?? 0;
    const counts = { tunnel: [tunnels, 0, 0, 0], exchange: NO_AGES };
    if (question.kind === "open") {
      const versions = tunnels === 0 ? [] : [{ ...NAME, ...counts }];
      return { kind: "open", id: 1, versions };
    }
    if (question.kind !== "migrate") return { kind: "done", id: 1 };
    this.orders.set(pid, question.order);
    const none = { closing: 0, closed: 0, reconnects: 0, reconnectsFailed: 0, stopped: false };
    const progress = { left: counts, ...none, ...this.progress.get(pid) };
    return { kind: "migrating", id: 1, progress };
  }
}

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

/** Progress of a worker that has only exchanges left. */
function exchanges(count: number): Partial<MigrationProgress> {
  return { left: { tunnel: NO_AGES, exchange: [count, 0, 0, 0] } };
}

type TestMigrations = {
  readonly migrations: Migrations;
  readonly workers: FakeWorkers;
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
  const [workers, clock] = [new FakeWorkers(held), new ManualClock()];
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
    const [workers, clock] = [new FakeWorkers({ 1: 5 }), new ManualClock()];
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
  test("divides the rate by what workers hold, every second, and tells its progress", async () => {
    const { workers, clock, apply, migrations, told } = await started({ 1: 300, 2: 100 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    expect(workers.rates).toEqual({ 1: 75, 2: 25 });
    const order = { ...NAME, softMs: 10_000, hardMs: 20_000, attempt: 1, paused: false };
    expect(workers.orders.get(1)).toMatchObject({ ...order, ageMs: 0, activeMs: 0 });
    workers.held.set(1, 200).set(2, 100);
    workers.progress.set(1, { closed: 100 }).set(2, { closed: 0, closing: 50 });
    await clock.advance(1_000);
    // By what was known when the round began; the next one knows better.
    expect(workers.orders.get(1)).toMatchObject({ perSecond: 75, ageMs: 1_000, activeMs: 1_000 });
    expect(migrations.view(NAME)).toEqual({
      state: "running",
      left: { tunnel: 300, exchange: 0 },
      closed: 100,
      timeLeftMs: 2_500,
    });
    await clock.advance(500);
    expect(migrations.view(NAME)?.timeLeftMs).toBe(2_000);
    await clock.advance(500);
    expect(workers.rates[1]).toBeCloseTo(200 / 3);
    const drain = { kind: "drain", scope: "version", services: ["web"], ...NAME, state: "running" };
    expect(told().slice(0, 2)).toEqual([
      { ...drain, left: { tunnel: 400, exchange: 0 }, closed: 0, timeLeftMs: 4_000 },
      { ...drain, left: { tunnel: 300, exchange: 0 }, closed: 100, timeLeftMs: 2_500 },
    ]);
  });

  test("ends when nothing is left, and not because no worker answers", async () => {
    const { workers, clock, apply, migrations, told } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    workers.held.clear();
    await clock.advance(3_000);
    expect(migrations.view(NAME)).toBeDefined();
    workers.held.set(2, 0);
    workers.progress.set(2, { closed: 10 });
    await clock.advance(1_000);
    expect(migrations.view(NAME)).toBeUndefined();
    expect(workers.asked.at(-1)).toBe("migrateStop");
    const left = { tunnel: 0, exchange: 0 };
    expect(told().at(-1)).toMatchObject({ scope: "version", state: "done", left, closed: 10 });
    const rounds = workers.asked.length;
    await clock.advance(10_000);
    expect(workers.asked).toHaveLength(rounds);
  });

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

  test("stops when handshakes fail over all workers, and does not count that time", async () => {
    const { workers, clock, apply, migrations, told } = await started({ 1: 1_000, 2: 1_000 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    // Neither worker has seen enough to stop by itself.
    for (const pid of [1, 2]) workers.progress.set(pid, { reconnects: 10, reconnectsFailed: 6 });
    await clock.advance(1_000);
    const reason = "12 of 20 WebSocket handshakes failed since it began";
    const left = { tunnel: 2_000, exchange: 0 };
    expect(migrations.view(NAME)).toEqual({ state: "stopped", reason, left, closed: 0 });
    expect(told().filter((event) => "reason" in event && !("scope" in event))).toEqual([
      { kind: "migration-stopped", services: ["web"], ...NAME, reason },
    ]);
    await clock.advance(5_000);
    expect(workers.orders.get(1)).toMatchObject({ paused: true, activeMs: 1_000, ageMs: 6_000 });
    workers.progress.clear();
    expect(migrations.act(NAME, "resume")).toMatchObject({ state: "running" });
    await clock.advance(1_000);
    expect(workers.orders.get(1)).toMatchObject({ paused: false, attempt: 2, activeMs: 2_000 });
    expect(told()).toContainEqual({ kind: "migration-resumed", services: ["web"], ...NAME });
  });

  test("stops when one worker has stopped by itself", async () => {
    const { workers, clock, apply, migrations } = await started({ 1: 10, 2: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    workers.progress.set(2, { stopped: true, reconnects: 20, reconnectsFailed: 20 });
    await clock.advance(1_000);
    expect(migrations.view(NAME)?.state).toBe("stopped");
    await clock.advance(1_000);
    expect(workers.orders.get(1)?.paused).toBe(true);
  });

  test("does not stop for half of the handshakes, nor for a few", async () => {
    const { workers, clock, apply, migrations } = await started({ 1: 10 });
    await apply(serviceOf(SHIFTED, MIGRATE));
    for (const [reconnects, reconnectsFailed] of [
      [20, 10],
      [19, 19],
    ] as const) {
      workers.progress.set(1, { reconnects, reconnectsFailed });
      await clock.advance(1_000);
      expect(migrations.view(NAME)?.state).toBe("running");
    }
  });

  test("estimates exchanges from the soft deadline on, and never past the hard one", async () => {
    const { workers, clock, apply, migrations } = await started({ 1: 0 });
    workers.progress.set(1, exchanges(100));
    await apply(serviceOf(SHIFTED, MIGRATE));
    expect(migrations.view(NAME)?.timeLeftMs).toBe(11_000);
    workers.progress.set(1, exchanges(5_000));
    await clock.advance(1_000);
    expect(migrations.view(NAME)?.timeLeftMs).toBe(19_000);
  });
});

describe("Migrations.act()", () => {
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
