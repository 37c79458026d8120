import { expect, test } from "vitest";
import { OwnCounts } from "../../../control/fleet/own-counts.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { started, web } from "../../support/started-services.ts";
import { oneWorker } from "../../support/worker-stats.ts";

test("OwnCounts has every version of a service, and asks only for known ones", async () => {
  const { services } = await started({ web });
  let asked = 0;
  const totals = async (): Promise<WorkerTotals> => {
    asked += 1;
    return new WorkerTotals([oneWorker()]);
  };
  const own = new OwnCounts({ sidecar: "a", epoch: "e", services, totals });
  expect(await own.of(undefined)).toEqual({
    sidecar: "a",
    epoch: "e",
    revision: 1,
    versions: new Map(),
  });
  await expect(own.of("shop")).rejects.toMatchObject({ code: "unknown_service" });
  expect(asked).toBe(0);
  const { versions } = await own.of("web");
  expect([...versions.keys()]).toEqual(["v1", "v2"]);
  expect([versions.get("v1")?.retries, versions.get("v2")?.retries]).toEqual([5, 0]);
});
