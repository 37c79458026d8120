import { expect, test } from "vitest";
import { compileVersions, stableVersion } from "../../../proxy/table/version-table.ts";
import { serviceSnapshot } from "./service-fixture.ts";

test("compileVersions() keeps order and weights, and parts new from keyed work by state", () => {
  const service = serviceSnapshot({
    v1: 60,
    v2: { weight: 30, state: "drain" },
    v3: { weight: 10, state: "maint" },
  });
  const versions = compileVersions(service);
  const rows = versions.map((each) => [each.name, each.index, each.weight, each.keyedWeight]);
  expect(rows).toEqual([
    ["v1", 0, 60, 60],
    ["v2", 1, 30, 30],
    ["v3", 2, 10, 0],
  ]);
  expect(versions.map(({ newWeight }) => newWeight > 0)).toEqual([true, false, false]);
  expect(new Set(versions.map(({ hash }) => hash)).size).toBe(3);
});

test("stableVersion() is the one named, else the first, else one that takes nothing", () => {
  const named = serviceSnapshot({ v1: 1, v2: 1 }, { stable: "v2" });
  const versions = compileVersions(named);
  expect(stableVersion(named, versions)).toBe(versions[1]);
  expect(stableVersion({ ...named, stable: "gone" }, versions)).toBe(versions[0]);
  const none = stableVersion({ ...named, versions: [] }, []);
  expect([none.name, none.index, none.newWeight, none.keyedWeight]).toEqual(["v2", -1, 0, 0]);
  expect(none.snapshot.state).toBe("maint");
});
