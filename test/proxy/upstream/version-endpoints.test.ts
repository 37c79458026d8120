import { expect, test } from "vitest";
import type { VersionSnapshot } from "../../../proxy/table/snapshot.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { VersionEndpoints } from "../../../proxy/upstream/version-endpoints.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import { endpointSnapshot, versionSnapshot } from "./pool-fixture.ts";

type Following = {
  readonly endpoints: VersionEndpoints;
  readonly advance: (byMs: number) => void;
};

function following(...first: readonly string[]): Following {
  const { wheel, advance } = manualWheel();
  const endpoints = new VersionEndpoints(wheel, seededRandom(1));
  endpoints.follow(versionSnapshot(...first));
  return { endpoints, advance };
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
