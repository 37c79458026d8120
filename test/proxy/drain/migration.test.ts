import { describe, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { Migration } from "../../../proxy/drain/migration.ts";
import type { OpenWork, WorkKind } from "../../../proxy/drain/open-work.ts";
import type { MigrationTerms } from "../../../proxy/messages/messages.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/*
 * Goal: who is asked to end, in which order and when. Method: work that only notes what happens to
 * it, and a clock that the test turns.
 */

const TERMS: MigrationTerms = {
  perSecond: 10,
  jitter: 0,
  softMs: 60_000,
  hardMs: 90_000,
  attempt: 1,
  paused: false,
  ageMs: 0,
  activeMs: 0,
  failedPercentMax: 50,
  reconnectsMin: 20,
};

class Work implements OpenWork {
  readonly kind: WorkKind;
  readonly pool = { service: "web", version: "v1" };
  readonly sinceMs: number;
  readonly name: string;
  readonly #happened: string[];
  closing = false;
  gone = false;
  isBetweenMessages = true;
  lasts = false;

  constructor(name: string, sinceMs: number, happened: string[]) {
    this.name = name;
    this.kind = name.startsWith("exchange") ? "exchange" : "tunnel";
    this.sinceMs = sinceMs;
    this.#happened = happened;
  }

  close(code: number): void {
    this.#happened.push(`${this.name} ${code}`);
    this.closing = true;
    // A tunnel takes its time; an exchange does not.
    this.gone = this.kind === "exchange";
  }

  cut(): void {
    this.#happened.push(`${this.name} cut`);
    this.gone = true;
  }
}

/** A migration of work by name, with when it began. */
function begin(
  ages: Readonly<Record<string, number>>,
  terms: Partial<MigrationTerms> = {},
): {
  readonly clock: ManualClock;
  readonly migration: Migration;
  readonly works: Work[];
  readonly happened: string[];
  readonly handshakes: { upgrades: number; upgradesFailed: number };
} {
  const clock = new ManualClock();
  const happened: string[] = [];
  const works = Object.entries(ages).map(([name, sinceMs]) => new Work(name, sinceMs, happened));
  const handshakes = { upgrades: 100, upgradesFailed: 100 };
  const migration = new Migration(
    { ...TERMS, ...terms },
    {
      clock,
      random: seededRandom(1),
      code: 1012,
      work: () => works.filter(({ gone }) => !gone),
      handshakes: () => ({ ...handshakes }),
    },
  );
  onTestFinished(() => migration.stop());
  return { clock, migration, works, happened, handshakes };
}

describe("Migration", () => {
  test("asks the oldest first, one in each turn of the rate", async () => {
    const { clock, happened } = begin({ a: -30, b: -10, c: -20, d: -5 });
    await clock.advance(99);
    expect(happened).toEqual(["a 1012"]);
    await clock.advance(200);
    expect(happened).toEqual(["a 1012", "c 1012", "b 1012"]);
    await clock.advance(1_000);
    expect(happened.slice(3)).toEqual(["d 1012"]);
  });

  test("leaves alone what began later, and includes what came late from before", async () => {
    const { clock, works, happened } = begin({ a: -1, young: 1 });
    await clock.advance(500);
    works.push(new Work("late", -50, happened));
    await clock.advance(2_000);
    expect(happened).toEqual(["a 1012", "late 1012"]);
  });

  test("counts its age from the order: another worker may have begun long before", async () => {
    const { clock, happened } = begin({ a: -500 }, { ageMs: 1_000 });
    await clock.advance(5_000);
    expect(happened).toEqual([]);
  });

  test("takes exchanges that are as old as softMs, from softMs on, by the same rate", async () => {
    const soft = { softMs: 2_000, perSecond: 1 };
    const { clock, happened } = begin({ exchange1: -5, exchange2: -1 }, soft);
    await clock.advance(1_950);
    expect(happened).toEqual([]);
    await clock.advance(950);
    expect(happened).toEqual(["exchange1 1012"]);
    await clock.advance(1_000);
    expect(happened).toEqual(["exchange1 1012", "exchange2 1012"]);
  });

  test("takes exchanges that last and are as old as softMs from the beginning", async () => {
    const { clock, works, happened } = begin({ exchange1: -70_000, exchange2: -50_000 });
    for (const work of works) work.lasts = true;
    works.push(new Work("exchange3", -90_000, happened));
    await clock.advance(1_000);
    expect(happened).toEqual(["exchange1 1012"]);
    await clock.advance(10_000);
    expect(happened.slice(1)).toEqual(["exchange2 1012"]);
  });

  test("cuts everything that is left at hardMs, what it has asked before too", async () => {
    const hard = { softMs: 1_000, hardMs: 1_500, perSecond: 1 };
    const { clock, happened } = begin({ a: -3, b: -2, c: -1, exchange: 0, young: 1 }, hard);
    await clock.advance(1_450);
    expect(happened).toEqual(["a 1012", "b 1012"]);
    await clock.advance(1_000);
    const cut = ["a cut", "b cut", "c cut", "exchange cut"];
    expect(happened.slice(2).toSorted()).toEqual(cut);
  });

  test("counts time while it is paused against no deadline", async () => {
    const { clock, migration, happened } = begin({ a: -1 }, { paused: true, hardMs: 1_000 });
    await clock.advance(5_000);
    expect(happened).toEqual([]);
    migration.follow({ ...TERMS, hardMs: 1_000, attempt: 2 });
    await clock.advance(300);
    expect(happened).toEqual(["a 1012"]);
  });

  test("asks no more tunnels that are inside a message than can wait at once", async () => {
    const { clock, works, happened } = begin({ a: -9, b: -8, c: -7, d: -6 });
    for (const work of works) work.isBetweenMessages = work.name === "d";
    await clock.advance(950);
    expect(happened).toEqual(["a 1012", "d 1012"]);
    works.forEach((work) => (work.isBetweenMessages = true));
    await clock.advance(1_000);
    expect(happened.slice(2)).toEqual(["b 1012", "c 1012"]);
  });

  test("stops by itself when over half of 20 handshakes fail, until the next attempt", async () => {
    const names = Array.from({ length: 100 }, (_each, at) => [`t${at}`, -at] as const);
    const { clock, migration, happened, handshakes } = begin(Object.fromEntries(names));
    handshakes.upgrades += 19;
    handshakes.upgradesFailed += 19;
    await clock.advance(450);
    expect(happened).toHaveLength(5);
    handshakes.upgrades += 1;
    await clock.advance(1_000);
    expect(happened).toHaveLength(5);
    expect(migration.progress()).toMatchObject({
      stopped: true,
      reconnects: 20,
      reconnectsFailed: 19,
      closed: 5,
      closing: 5,
      left: { tunnel: [100, 0, 0, 0], exchange: [0, 0, 0, 0] },
    });
    migration.follow(TERMS);
    await clock.advance(1_000);
    expect(happened).toHaveLength(5);
    migration.follow({ ...TERMS, attempt: 2 });
    await clock.advance(1_000);
    expect(happened.length).toBeGreaterThan(10);
    expect(migration.progress()).toMatchObject({ stopped: false, reconnects: 0 });
  });

  test("follows another rate at once, and none at 0", async () => {
    const names = Array.from({ length: 100 }, (_each, at) => [`t${at}`, -at] as const);
    const { clock, migration, happened } = begin(Object.fromEntries(names), { perSecond: 0 });
    await clock.advance(2_000);
    expect(happened).toHaveLength(0);
    migration.follow({ ...TERMS, perSecond: 50 });
    await clock.advance(1_000);
    expect(happened.length).toBeGreaterThanOrEqual(45);
    expect(happened.length).toBeLessThanOrEqual(54);
    migration.stop();
    await clock.advance(5_000);
    expect(happened.length).toBeLessThanOrEqual(54);
  });

  test("counts what is left by kind and age", () => {
    const ages = { a: -59_000, b: -61_000, c: -3_599_000, exchange: -3_601_000 };
    const { migration } = begin(ages, { perSecond: 0 });
    expect(migration.progress().left).toEqual({ tunnel: [1, 1, 1, 0], exchange: [0, 0, 0, 1] });
  });
});
