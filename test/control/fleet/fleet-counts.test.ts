import { expect, test } from "vitest";
import { UnknownServiceError } from "../../../control/base/errors.ts";
import { countsDocument } from "../../../control/fleet/counts-document.ts";
import type { SidecarCounts } from "../../../control/fleet/counts-document.ts";
import { FleetCounts, sumsOf } from "../../../control/fleet/fleet-counts.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const totals = new WorkerTotals([oneWorker()]).version("web", "v1");

function countsOfSidecar(sidecar: string): SidecarCounts {
  return { sidecar, epoch: "e", revision: 3, versions: new Map([["v1", totals]]) };
}

type Asked = { readonly origin: string; readonly path: string };

/** A fleet in which `answer` says what is at an address; `a` is us. */
function fleetOf(names: readonly string[], answer: (asked: Asked) => unknown) {
  const asked: Asked[] = [];
  const open = { now: 0, most: 0 };
  const members = names.map((sidecar) => {
    return { sidecar, revision: 3, api: `https://${sidecar}.test`, host: "there" };
  });
  const get = async ({ origin }: { readonly origin: string }, path: string): Promise<unknown> => {
    asked.push({ origin, path });
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    await new Promise((resolve) => setImmediate(resolve));
    open.now -= 1;
    return answer({ origin, path });
  };
  const own = { sidecar: "a", of: async () => countsOfSidecar("a") };
  const counts = new FleetCounts({
    members: async () => members,
    own,
    peers: { get },
    host: "here",
  });
  return { counts, asked, open };
}

const told = ({ origin }: Asked): unknown =>
  JSON.parse(JSON.stringify(countsDocument(countsOfSidecar(origin.slice(8, -5)))));

test("FleetCounts.collect() asks all but us for theirs, at most 16 at once", async () => {
  const names = ["a", ...Array.from({ length: 50 }, (_, index) => `s${index}`)];
  const { counts, asked, open } = fleetOf(names, told);
  const { sidecars, missing } = await counts.collect("web/1");
  expect([sidecars.map(({ sidecar }) => sidecar), missing]).toEqual([names, []]);
  expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(["/v1/counts?service=web%2F1"]));
  expect([asked.length, open.most]).toEqual([50, 16]);
  expect(sumsOf(sidecars).get("v1")).toMatchObject({ retries: 51 * 5, tunnelsOpen: 51 });
});

test("FleetCounts.collect() says who is missing, and why", async () => {
  const { counts } = fleetOf(["a", "good", "down", "odd", "other"], (asked) => {
    if (asked.origin.includes("down")) throw new Error("connect ECONNREFUSED");
    if (asked.origin.includes("odd")) return { versions: "many" };
    return asked.origin.includes("other") ? countsDocument(countsOfSidecar("good")) : told(asked);
  });
  const { sidecars, missing } = await counts.collect("web");
  expect(sidecars.map(({ sidecar }) => sidecar)).toEqual(["a", "good"]);
  expect(missing).toEqual([
    { sidecar: "down", reason: "connect ECONNREFUSED" },
    { sidecar: "odd", reason: "its answer holds no counts" },
    { sidecar: "other", reason: 'at its address answers "good"' },
  ]);
});

test("FleetCounts.collect() counts us although we are not on the list", async () => {
  const { counts, asked } = fleetOf(["b"], told);
  const { sidecars } = await counts.collect(undefined);
  expect(sidecars.map(({ sidecar }) => sidecar)).toEqual(["a", "b"]);
  expect(asked).toEqual([{ origin: "https://b.test", path: "/v1/counts" }]);
});

test("FleetCounts.collect() asks nobody for a service that is not there", async () => {
  const { asked } = fleetOf(["b"], told);
  const counts = new FleetCounts({
    members: () => Promise.reject(new Error("unasked")),
    own: { sidecar: "a", of: () => Promise.reject(new UnknownServiceError("none")) },
    peers: { get: () => Promise.reject(new Error("unasked")) },
    host: "here",
  });
  await expect(counts.collect("none")).rejects.toMatchObject({ code: "unknown_service" });
  expect(asked).toEqual([]);
});
