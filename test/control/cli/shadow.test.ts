import { expect, test } from "vitest";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { oneWorker } from "../../support/worker-stats.ts";

function start(shadows: WorkerStats["shadows"]): Promise<RunningApi> {
  const { shadows: _shadows, ...rest } = oneWorker();
  const worker = shadows === undefined ? rest : { ...rest, shadows };
  return startApi({ workers: { stats: async () => [worker, worker], restarts: 0, pids: [1, 2] } });
}

const COUNTS = { service: "web", compared: 10, different: 2, status: 1, headers: 1, body: 1 };

test("sluice shadow sums up what all workers found, and shows examples", async () => {
  const about = { method: "GET", path: "/cart" };
  await using api = await start([
    {
      ...COUNTS,
      samples: [
        { ...about, atMs: 0, status: [200, 500], body: [12, 3] },
        { ...about, atMs: 1_000, headers: ["etag", "x-a"] },
      ],
    },
  ]);
  const { status, out } = await runCommand(["shadow", "web"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  const [sums, ...table] = out.split("\n");
  expect(sums).toBe("20 compared, 4 different: status 2, headers 2, body 2");
  const rows = cellsOf(table.join("\n"));
  expect(rows[0]).toEqual(["AT", "METHOD", "PATH", "STATUS", "HEADERS", "BODY"]);
  expect(rows[1]).toEqual([
    "1970-01-01T00:00:00.000Z",
    "GET",
    "/cart",
    "200 ≠ 500",
    "-",
    "12 ≠ 3 bytes",
  ]);
  expect(rows.at(-1)?.[4]).toBe("etag, x-a");
});

test("sluice shadow says so where nothing was compared, and refuses another service", async () => {
  await using api = await start(undefined);
  const { status, out } = await runCommand(["shadow", "web"], { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, "0 compared, 0 different: status 0, headers 0, body 0"]);
  expect((await runCommand(["shadow", "nobody"], { SLUICE_API: api.url })).status).toBe(1);
});
