import { expect, test } from "vitest";
import type { TrafficAnswer } from "../../../control/api/traffic-routes.ts";
import { PAST_INTERVAL_MS, TrafficPast } from "../../../control/api/traffic-past.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { startApi } from "../../support/running-api.ts";
import { started } from "../../support/started-services.ts";
import { oneWorker } from "../../support/worker-stats.ts";

test("GET traffic says how versions did, and knows services of the table only", async () => {
  const clock = new ManualClock();
  const lastCounts = (): readonly WorkerStats[] => {
    const worker = oneWorker();
    const codes = [0, 0, clock.nowMs(), 0, 0, 0];
    return [{ ...worker, versions: worker.versions.map((each) => ({ ...each, codes })) }];
  };
  const { services } = await started();
  await using api = await startApi({ past: new TrafficPast({ services, lastCounts, clock }) });
  await clock.advance(PAST_INTERVAL_MS);
  await eventually(async () => {
    const answer = await fetch(`${api.url}/v1/services/web/traffic`);
    const { moments } = (await answer.json()) as TrafficAnswer;
    expect(moments.map(({ versions }) => versions)).toEqual([{ v1: { rate: 1_000, errors: 0 } }]);
  });
  const unknown = await fetch(`${api.url}/v1/services/nobody/traffic`);
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: "unknown_service" }]);
});
