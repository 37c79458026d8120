import { assert, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { canRead, pickReader } from "../../../proxy/table/fence.ts";
import { pickByPlace } from "../../../proxy/table/rendezvous.ts";
import type { ServiceTable } from "../../../proxy/table/service-table.ts";
import type { VersionParts } from "./service-fixture.ts";
import { serviceTable } from "./service-fixture.ts";

/*
 * Goal: no version gets a session whose state it cannot read, and no session moves that need not.
 * Method: many places in services of two to four versions.
 */

const OLD = { reads: [1], writes: 1, requires: {} };
const NEW = { reads: [1, 2], writes: 2, requires: {} };

const PLACES = Array.from({ length: 300 }, (_, at) => {
  return { high: Math.imul(at + 1, 0x9e3779b1), low: Math.imul(at + 7, 0x85ebca6b) };
});

/** Where sessions with this epoch go; those that are ill take nothing. */
function takers(service: ServiceTable, epoch: number, ...ill: readonly string[]): Set<unknown> {
  return new Set(PLACES.map((place) => taker(service, { ...place, epoch }, ill)));
}

function taker(
  service: ServiceTable,
  session: { readonly high: number; readonly low: number; readonly epoch: number },
  ill: readonly string[] = [],
): string | undefined {
  const picked = pickByPlace(service, session);
  return pickReader(service, picked, session, ({ name }) => !ill.includes(name))?.name;
}

function shop(
  v1: Exclude<VersionParts, number>,
  v2: Exclude<VersionParts, number>,
  more: Readonly<Record<string, VersionParts>> = {},
): ServiceTable {
  return serviceTable({ v1: { compat: OLD, ...v1 }, v2: { compat: NEW, ...v2 }, ...more });
}

test("canRead() asks what a version says it reads; who says nothing reads all", () => {
  const [v1, v2, v3] = shop({}, {}, { v3: 1 }).versions.map((version) => {
    return [0, 1, 2, 3].map((epoch) => canRead(version, epoch));
  });
  expect([v1, v2, v3]).toEqual([
    [true, true, false, false],
    [true, true, true, false],
    [true, true, true, true],
  ]);
});

describe("pickReader()", () => {
  test("keeps a session where it is if that version reads it", () => {
    const half = shop({ weight: 1 }, { weight: 1 });
    for (const place of PLACES) {
      expect(taker(half, { ...place, epoch: 1 })).toBe(pickByPlace(half, place)?.name);
    }
    expect(takers(half, 1)).toEqual(new Set(["v1", "v2"]));
  });

  test("moves only sessions that their version cannot read, by weight among those that do", () => {
    const more = { v3: { weight: 30, compat: { ...NEW, reads: [2, 3] } }, v4: 10 };
    const all = shop({ weight: 50 }, { weight: 10 }, more);
    const without = shop({ weight: 0 }, { weight: 10 }, more);
    for (const place of PLACES) {
      const usual = pickByPlace(all, place)?.name;
      const wanted = usual === "v1" ? pickByPlace(without, place)?.name : usual;
      expect(taker(all, { ...place, epoch: 2 })).toBe(wanted);
    }
  });

  test("leaves sessions with the version that wrote them when all weight is taken back", () => {
    const back = shop({ weight: 100 }, { weight: 0 });
    expect(takers(back, 2)).toEqual(new Set(["v2"]));
    expect(takers(back, 1)).toEqual(new Set(["v1"]));
    // One that has never had weight gets none, though it could read them.
    const next = shop({ weight: 100 }, { weight: 0 }, { v3: { compat: { ...NEW, writes: 3 } } });
    expect(takers(next, 2, "v2")).toEqual(new Set([undefined]));
  });

  test("gives nobody a session that nobody who takes requests reads", () => {
    const weights = [{ weight: 100 }, { weight: 0, state: "maint" }] as const;
    expect(takers(shop(...weights), 2)).toEqual(new Set([undefined]));
    expect(takers(shop({ weight: 100 }, { weight: 0 }), 2, "v2")).toEqual(new Set([undefined]));
    expect(takers(shop({ weight: 1 }, { weight: 1 }), 9)).toEqual(new Set([undefined]));
  });

  test("takes stable in place of a version that is ill only if stable reads the session", () => {
    const half = shop({ weight: 1 }, { weight: 1 });
    expect(takers(half, 1, "v2")).toEqual(new Set(["v1"]));
    expect(takers(half, 2, "v2")).toEqual(new Set([undefined]));
    expect(takers(half, 2, "v1")).toEqual(new Set(["v2"]));
    // Stable's own sessions do not go to the other one because stable is ill.
    expect(takers(half, 1, "v1")).toEqual(new Set([undefined, "v2"]));
  });

  test("never gives a session to a version that does not read it", () => {
    const weight = integer({ min: 0, max: 3 });
    const epoch = integer({ min: 0, max: 4 });
    const world = record({ v1: weight, v2: weight, v3: weight, epoch, ill: epoch });
    const never = property(world, (chosen) => {
      const more = { v3: { weight: chosen.v3, compat: { reads: [3], writes: 3, requires: {} } } };
      const service = shop({ weight: chosen.v1 }, { weight: chosen.v2 }, more);
      for (const place of PLACES.slice(0, 20)) {
        const session = { ...place, epoch: chosen.epoch };
        const name = taker(service, session, [`v${chosen.ill}`]);
        const version = service.versions.find((each) => each.name === name);
        expect(version === undefined || canRead(version, chosen.epoch)).toBe(true);
        expect(name).not.toBe(`v${chosen.ill}`);
      }
    });
    assert(never, { seed: 15 });
  });
});
