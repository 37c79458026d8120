import { expect, test } from "vitest";
import type { Counting } from "../../../control/rollout/observations.ts";
import { SampledCounts } from "../../../control/rollout/sampled-counts.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { ATTEMPT_OUTCOMES } from "../../../proxy/metrics/stats.ts";
import type { AttemptOutcome, VersionStats } from "../../../proxy/metrics/stats.ts";
import { oneWorker } from "../../support/worker-stats.ts";

type Counted = Partial<Record<AttemptOutcome, number>> & {
  readonly durations?: VersionStats["durations"];
};

function statsOf(version: string, { durations = [], ...counts }: Counted): VersionStats {
  const [one] = oneWorker().versions;
  if (one === undefined) throw new Error("There is no version");
  const outcomes = ATTEMPT_OUTCOMES.map((outcome) => counts[outcome] ?? 0);
  return { ...one, version, outcomes, durations };
}

/** Counting of two versions, and what workers have counted of them so far. */
function counting(): { readonly counted: { v1: Counted; v2: Counted }; readonly begun: Counting } {
  const counted: { v1: Counted; v2: Counted } = { v1: {}, v2: {} };
  const totals = async (): Promise<WorkerTotals> => {
    const versions = Object.entries(counted).map(([name, counts]) => statsOf(name, counts));
    return new WorkerTotals([{ ...oneWorker(), versions }]);
  };
  const begun = new SampledCounts(totals).begin("web", { stable: "v1", canary: "v2" });
  return { counted, begun };
}

test("SampledCounts gives what has come since the last look", async () => {
  const { counted, begun } = counting();
  counted.v1 = { ok: 100, durations: [[80, 100]] };
  expect(await begun.take()).toMatchObject({ kind: "seconds", seconds: [] });
  counted.v1 = {
    ok: 150,
    connect: 1,
    durations: [
      [80, 140],
      [90, 10],
    ],
  };
  counted.v2 = { ok: 3, "5xx": 1, reset: 1, timeout: 1, local: 5, durations: [[85, 6]] };
  expect(await begun.take()).toMatchObject({
    seen: 1,
    of: 1,
    seconds: [
      {
        stable: { requests: 51, failures: 1, failingKeys: 1, latencies: { from: 80, to: 90 } },
        canary: { requests: 6, failures: 3, failingKeys: 3, latencies: { from: 85, to: 85 } },
      },
    ],
  });
  expect(await begun.take()).toMatchObject({
    seconds: [{ stable: { requests: 0, latencies: { from: 0, to: -1 } } }],
  });
});

test("SampledCounts has no negative second when counters begin again", async () => {
  const { counted, begun } = counting();
  counted.v1 = { ok: 100 };
  await begun.take();
  counted.v1 = { ok: 5 };
  expect(await begun.take()).toMatchObject({ seconds: [] });
  counted.v1 = { ok: 7 };
  expect(await begun.take()).toMatchObject({ seconds: [{ stable: { requests: 2 } }] });
});

test("SampledCounts begins afresh when it is told to, also while it asks", async () => {
  const { counted, begun } = counting();
  await begun.take();
  counted.v1 = { ok: 10 };
  const asked = begun.take();
  begun.restart();
  expect(await asked).toMatchObject({ seconds: [] });
  counted.v1 = { ok: 13 };
  expect(await begun.take()).toMatchObject({ seconds: [{ stable: { requests: 3 } }] });
});

test("SampledCounts says why nothing is known", async () => {
  const silent = new SampledCounts(() => Promise.reject(new Error("worker 7 is silent")));
  const taken = await silent.begin("web", { stable: "v1", canary: "v2" }).take();
  expect(taken).toEqual({ kind: "missing", reason: "worker 7 is silent" });
});
