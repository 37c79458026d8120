import { expect, test } from "vitest";
import { countsDocument } from "../../../control/fleet/counts-document.ts";
import type { CollectedCounts } from "../../../control/fleet/fleet-counts.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const workers = { stats: async () => [oneWorker()], restarts: 0, pids: [1] };
const totals = new WorkerTotals([oneWorker()]).version("web", "v1");

async function ask(api: RunningApi, path: string, headers = {}): Promise<readonly unknown[]> {
  const answer = await fetch(`${api.url}${path}`, { headers });
  return [answer.status, await answer.json()];
}

test("GET counts says what this sidecar has counted, or only who it is", async () => {
  await using api = await startApi({ workers });
  const nobody = { epoch: "e", revision: 1, versions: {} };
  expect(await ask(api, "/v1/counts")).toEqual([200, nobody]);
  const [status, body] = await ask(api, "/v1/counts?service=web");
  const versions = new Map([["v1", totals]]);
  const counts = { sidecar: undefined, epoch: "e", revision: 1, versions };
  const { sidecar: _nobody, ...document } = countsDocument(counts);
  expect([status, body]).toMatchObject([200, document]);
  expect(Object.keys((body as typeof document).versions)).toEqual(["v1", "v2"]);
  expect(await ask(api, "/v1/counts?service=none")).toMatchObject([
    404,
    { code: "unknown_service" },
  ]);
});

test("GET counts is 503 when a worker does not answer", async () => {
  const silent = { ...workers, stats: () => Promise.reject(new Error("worker 7 is silent")) };
  await using api = await startApi({ workers: silent });
  const answer = await ask(api, "/v1/counts?service=web");
  expect(answer).toMatchObject([503, { code: "stats_unavailable" }]);
});

test("GET fleet/counts adds up what was collected, and says who is missing", async () => {
  const versions = new Map([["v1", totals]]);
  const collected: CollectedCounts = {
    sidecars: ["a", "b"].map((sidecar) => ({
      sidecar,
      epoch: `${sidecar}1`,
      revision: 3,
      versions,
    })),
    missing: [{ sidecar: "c", reason: "connect ECONNREFUSED" }],
  };
  const asked: unknown[] = [];
  const collect = async (service: string | undefined): Promise<CollectedCounts> => {
    asked.push(service);
    return collected;
  };
  await using api = await startApi({ fleetCounts: { collect } });
  const [status, body] = await ask(api, "/v1/fleet/counts?service=web");
  expect([status, body]).toMatchObject([
    200,
    {
      seen: 2,
      of: 3,
      missing: collected.missing,
      sidecars: [
        { sidecar: "a", epoch: "a1", revision: 3 },
        { sidecar: "b", epoch: "b1", revision: 3 },
      ],
      versions: {
        v1: {
          requests: { "2xx": 200 },
          retries: 10,
          durations: [
            [0.001, 4],
            [4.608, 6],
          ],
        },
      },
    },
  ]);
  expect(asked).toEqual(["web"]);
});

test("GET fleet/counts passes no question on that a sidecar asks, and is 404 alone", async () => {
  await using api = await startApi({ fleetCounts: { collect: () => Promise.reject(new Error()) } });
  const loop = await ask(api, "/v1/fleet/counts", { "x-sluice-fleet": "a" });
  expect(loop).toMatchObject([508, { code: "fleet_loop" }]);
  await using alone = await startApi();
  expect(await ask(alone, "/v1/fleet/counts")).toMatchObject([404, { code: "no_fleet" }]);
});
