import { expect, test } from "vitest";
import type { VersionSnapshot } from "../../../proxy/table/snapshot.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { VersionEndpoints } from "../../../proxy/upstream/version-endpoints.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import { endpointSnapshot, versionSnapshot } from "./pool-fixture.ts";

type Following = {
  readonly endpoints: VersionEndpoints;
  /** How many had nothing against them whenever panic began or ended. */
  readonly panics: readonly number[];
  readonly advance: (byMs: number) => void;
};

function following(...first: readonly string[]): Following {
  const { wheel, advance } = manualWheel();
  const panics: number[] = [];
  const note = (wellCount: number): void => void panics.push(wellCount);
  const endpoints = new VersionEndpoints(wheel, seededRandom(1), note);
  endpoints.follow(versionSnapshot(...first));
  return { endpoints, panics, advance };
}

/** What follow() says gets nothing new. */
function left(endpoints: VersionEndpoints, snapshot: VersionSnapshot): readonly string[] {
  return endpoints.follow(snapshot).map(({ address }) => address);
}

test("VersionEndpoints.follow() tells of those gone and those not ready, not of the ill", () => {
  const { endpoints } = following("a:1", "b:1", "c:1", "d:1");
  const gone = endpoints.byAddress.get("a:1");
  const snapshot = versionSnapshot(
    endpointSnapshot("b:1", { state: "drain" }),
    endpointSnapshot("c:1", { state: "maint" }),
    endpointSnapshot("d:1", { healthy: false }),
    "e:1",
  );
  expect(left(endpoints, snapshot)).toEqual(["a:1", "b:1", "c:1"]);
  expect([...endpoints.byAddress.keys()]).toEqual(["b:1", "c:1", "d:1", "e:1"]);
  expect([...endpoints.byAddress.values()].map(({ removed }) => removed)).not.toContain(true);
  expect([gone?.removed, endpoints.usableCount]).toEqual([true, 1]);
  expect(left(endpoints, snapshot)).toEqual([]);
});

test.each(["host", "san"])("VersionEndpoints.follow() takes another %s for another", (field) => {
  const { endpoints } = following();
  const [web, shop] = ["web", "shop"].map((name) =>
    versionSnapshot(endpointSnapshot("a:1", { [field]: name }), "b:1"),
  ) as [VersionSnapshot, VersionSnapshot];
  endpoints.follow(web);
  const [first, other] = [...endpoints.byAddress.values()];
  expect(left(endpoints, { ...web })).toEqual([]);
  expect(left(endpoints, shop)).toEqual(["a:1"]);
  expect([first?.removed, other?.removed]).toEqual([true, false]);
  expect([...endpoints.byAddress.values()].indexOf(first as Endpoint)).toBe(-1);
  expect([...endpoints.byAddress.values()][1]).toBe(other);
});

test("VersionEndpoints of the first table start at full share, later ones slowly", () => {
  const { endpoints, advance } = following("a:1");
  advance(5_000);
  endpoints.follow(versionSnapshot("a:1", "b:1"));
  const nowMs = endpoints.byAddress.get("b:1")?.sinceMs ?? -Infinity;
  const warmth = [...endpoints.byAddress.values()].map((each) => each.warmth(nowMs, 10_000));
  expect(warmth).toEqual([1, 0.1]);
});

test("VersionEndpoints.pick() knows of a change after refresh()", () => {
  const { endpoints } = following("a:1");
  const endpoint = endpoints.findOrMake("a:1");
  expect(endpoints.pick(0)).toBe(endpoint);
  endpoint.ejectedUntilMs = 1;
  endpoints.refresh();
  expect([endpoints.pick(0), endpoints.usableCount]).toEqual([undefined, 0]);
});

test("VersionEndpoints.findOrMake() of an unknown address gives one that is not among them", () => {
  const { endpoints } = following("a:1");
  const stranger = endpoints.findOrMake("z:1");
  expect([stranger.address, stranger.removed, stranger.usable]).toEqual(["z:1", true, false]);
  expect([...endpoints.byAddress.keys()]).toEqual(["a:1"]);
});

test("VersionEndpoints.clear() takes all of them out", () => {
  const { endpoints } = following("a:1", "b:1");
  const all = endpoints.clear();
  expect(all.map(({ address, removed }) => [address, removed])).toEqual([
    ["a:1", true],
    ["b:1", true],
  ]);
  expect([endpoints.byAddress.size, endpoints.usableCount]).toEqual([0, 0]);
});

const ILL = { healthy: false };

/** Panic where less than half of them are well. */
const HALF = { balance: "leastRequest", ejection: { panicPercent: 50 } } as const;

/** Three of whom one is well, and as many as may be in use before those out help: half. */
function panicking(): Following {
  const bed = following("a:1", "b:1", "c:1");
  const ill = ["b:1", "c:1"].map((address) => endpointSnapshot(address, ILL));
  bed.endpoints.follow(versionSnapshot("a:1", ...ill), HALF);
  return bed;
}

function usable({ byAddress }: VersionEndpoints): readonly string[] {
  return [...byAddress.values()].filter((each) => each.usable).map(({ address }) => address);
}

test("VersionEndpoints in panic let one request try each that is ill", () => {
  const { endpoints, panics } = panicking();
  expect([endpoints.isPanic, panics, endpoints.usableCount]).toEqual([true, [1], 3]);
  const tried = Array.from({ length: 50 }, () => endpoints.pick(0)?.address);
  expect(tried.filter((address) => address === "b:1").length).toBe(1);
  expect(tried.filter((address) => address === "c:1").length).toBe(1);
  expect(usable(endpoints)).toEqual(["a:1"]);
});

test("VersionEndpoints in panic give those who are back their share without a slow start", () => {
  const { endpoints, advance } = panicking();
  advance(1_000);
  for (const endpoint of endpoints.byAddress.values()) endpoint.trial = "none";
  endpoints.refresh();
  const b = endpoints.findOrMake("b:1");
  b.sinceMs = 1_000;
  const got = Array.from({ length: 300 }, () => endpoints.pick(1_000_000)).filter((x) => x === b);
  expect(got.length).toBeGreaterThan(60);
});

test("VersionEndpoints in panic go on with whom a check takes out meanwhile", () => {
  const { endpoints } = panicking();
  for (const endpoint of endpoints.byAddress.values()) endpoint.trial = "none";
  const ill = ["a:1", "b:1"].map((address) => endpointSnapshot(address, ILL));
  endpoints.follow(versionSnapshot(...ill, "c:1"), HALF);
  expect(usable(endpoints)).toEqual(["a:1", "b:1", "c:1"]);
  expect(endpoints.findOrMake("a:1").trial).toBe("none");
});

test("VersionEndpoints end a panic when half of them are well, and nobody ill is used", () => {
  const { endpoints, panics } = panicking();
  endpoints.follow(versionSnapshot("a:1", "b:1", endpointSnapshot("c:1", ILL)), HALF);
  expect([endpoints.isPanic, panics]).toEqual([false, [1, 2]]);
  expect(usable(endpoints)).toEqual(["a:1", "b:1"]);
  expect(endpoints.findOrMake("c:1").trial).toBe("none");
});

test("VersionEndpoints never panic at 0, nor where none is left", () => {
  const { endpoints, panics } = following("a:1", "b:1", "c:1");
  const ill = ["b:1", "c:1"].map((address) => endpointSnapshot(address, ILL));
  endpoints.follow(versionSnapshot("a:1", ...ill), { ejection: { panicPercent: 0 } });
  expect(usable(endpoints)).toEqual(["a:1"]);
  endpoints.follow(versionSnapshot(endpointSnapshot("a:1", ILL), ...ill), {
    ejection: { panicPercent: 100 },
  });
  expect([usable(endpoints), panics]).toEqual([[], []]);
});
