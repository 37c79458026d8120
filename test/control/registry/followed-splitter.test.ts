import { expect, test } from "vitest";
import { FollowedSplitter } from "../../../control/registry/followed-splitter.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { errorText } from "../../../proxy/base/error-text.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import { ANY, started, web } from "../../support/started-services.ts";

/** The service `web`, v1 90 and v2 10, that follows what `say` puts into Consul. */
async function followed() {
  const bed = await openConsulBed();
  const { services, store } = await started({ web });
  const results: string[] = [];
  const onResult = (error: unknown): void =>
    void results.push(error === undefined ? "well" : errorText(error));
  const own = new FollowedSplitter({ ...bed.deps, services, onResult }, "web");
  bed.run(async (signal) => {
    await untilAborted(signal);
    await own.close();
  });
  const say = (shares: Readonly<Record<string, number>>): void => {
    const Splits = Object.entries(shares).map(([ServiceSubset, Weight]) => ({
      ServiceSubset,
      Weight,
    }));
    const entry = { Kind: "service-splitter", Name: "web", Splits, ModifyIndex: 1 };
    bed.consul.entries.set("service-splitter/web", entry);
    bed.consul.changed();
  };
  const weights = (): readonly number[] =>
    services.snapshot("web").versions.map(({ weight }) => weight);
  return { ...bed, own, services, store, results, say, weights };
}

test("FollowedSplitter shifts to what Consul says; a version it does not name gets 0", async () => {
  const { say, weights } = await followed();
  say({ v1: 25, v2: 75 });
  await eventually(() => expect(weights()).toEqual([2_500, 7_500]));
  say({ v2: 100 });
  await eventually(() => expect(weights()).toEqual([0, 10_000]));
});

test("FollowedSplitter takes back a shift that somebody makes here", async () => {
  const { own, services, say, weights } = await followed();
  say({ v1: 25, v2: 75 });
  await eventually(() => expect(weights()).toEqual([2_500, 7_500]));
  await services.shift("web", { v1: 9_000, v2: 1_000 }, ANY);
  own.revised();
  await eventually(() => expect(weights()).toEqual([2_500, 7_500]));
});

test("FollowedSplitter tries again when the table cannot be written", async () => {
  const { own, services, store, results, say, weights } = await followed();
  say({ v1: 25, v2: 75 });
  await eventually(() => expect(weights()).toEqual([2_500, 7_500]));
  await services.shift("web", { v1: 9_000, v2: 1_000 }, ANY);
  store.fails = new Error("the disk is full");
  own.revised();
  await eventually(() => expect(weights()).toEqual([2_500, 7_500]));
  expect(results).toEqual(["well", "the disk is full", "well"]);
});

test("FollowedSplitter tells of a line that is no version, until it is one", async () => {
  const { services, results, say, weights } = await followed();
  say({ v1: 25, other: 75 });
  await eventually(() => expect(results.at(-1)).toContain("other"));
  expect(weights()).toEqual([90, 10]);
  const versions = { ...web.versions, other: { weight: 0, endpoints: [] } };
  await services.put("web", { versions }, ANY);
  await eventually(() => expect(weights()).toEqual([2_500, 0, 7_500]));
  expect(results.at(-1)).toBe("well");
});
