import { expect, test } from "vitest";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { startApi } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

test("GET metrics is Prometheus text, and 503 when a worker does not answer", async () => {
  const answers: (() => Promise<WorkerStats[]>)[] = [
    async () => [oneWorker()],
    async () => {
      throw new Error("stuck");
    },
  ];
  const workers = {
    stats: () => answers.shift()?.() ?? Promise.resolve([]),
    restarts: 0,
    pids: [1],
  };
  await using api = await startApi({ workers });
  const good = await fetch(`${api.url}/metrics`);
  expect(good.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await good.text()).toMatch(/^sluice_build_info\{version="0.0.0-test",node="[\d.]+"\} 1$/m);
  const bad = await fetch(`${api.url}/metrics`);
  expect(await bad.json()).toMatchObject({ status: 503, code: "stats_unavailable" });
});

test("GET metrics tells of the table, dead workers, and the registry in seconds", async () => {
  const registry = { stale: [], stalenessMs: () => 1_500, fleet: undefined };
  const workers = { stats: async () => [], restarts: 3, pids: [1] };
  await using api = await startApi({ registry, workers });
  const lines = (await (await fetch(`${api.url}/metrics`)).text()).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "sluice_revision 1",
      "sluice_worker_restarts_total 3",
      "sluice_registry_staleness_seconds 1.5",
      'sluice_weight{service="web",version="v1",kind="configured"} 90',
    ]),
  );
});
