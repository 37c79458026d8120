import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countsOf, totalsOf, versionCountsSchema } from "../../../control/fleet/version-counts.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { BUCKET_COUNT } from "../../../proxy/metrics/histogram.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const totals = new WorkerTotals([oneWorker(), oneWorker()]).version("web", "v1");

test("countsOf() names what is counted, and says durations by their bounds", () => {
  expect(countsOf(totals)).toEqual({
    requests: { "0xx": 2, "1xx": 0, "2xx": 200, "3xx": 0, "4xx": 6, "5xx": 8 },
    attempts: { ok: 200, connect: 2, reset: 4, timeout: 6, "5xx": 8, local: 0 },
    retries: 10,
    retriesCrossed: 12,
    ejections: 2,
    durationSumMs: 50,
    durations: [
      [0.001, 4],
      [4.608, 6],
    ],
    exchangesOpen: 6,
    tunnelsOpen: 2,
  });
});

test("totalsOf() reads what countsOf() told, over the wire", () => {
  const buckets = fc.array(fc.nat(1e9), { minLength: BUCKET_COUNT, maxLength: BUCKET_COUNT });
  fc.assert(
    fc.property(buckets, (durations) => {
      const counted = { ...totals, durations };
      const told: unknown = JSON.parse(JSON.stringify(countsOf(counted)));
      expect(totalsOf(versionCountsSchema.parse(told))).toEqual(counted);
    }),
    { seed: 3, numRuns: 30 },
  );
});

test("totalsOf() leaves out classes that it does not know, and keeps all durations", () => {
  const told = countsOf(totals);
  const other = { ...told, requests: { "2xx": 3, "6xx": 9 }, durations: [[9, 5]] as const };
  const read = totalsOf(versionCountsSchema.parse(other));
  expect(read.codes).toEqual([0, 0, 3, 0, 0, 0]);
  expect(read.durations.reduce((sum, many) => sum + many, 0)).toBe(5);
});
