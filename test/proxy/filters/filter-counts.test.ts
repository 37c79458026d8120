import { expect, test } from "vitest";
import { FilterCounts } from "../../../proxy/filters/filter-counts.ts";
import { FILTER_FAILURE_KINDS } from "../../../proxy/metrics/stats.ts";

test("FilterCounts give failures in the order of their kinds, with what they are about", () => {
  const counts = new FilterCounts();
  const about = { service: "web", filter: "auth", version: "1" };
  expect(counts.stats(about)).toEqual({ ...about, failures: [0, 0, 0], answers: 0 });
  FILTER_FAILURE_KINDS.forEach((kind, index) => {
    for (let times = 0; times <= index; times += 1) counts.failed(kind);
  });
  counts.answers += 4;
  expect(counts.stats(about)).toEqual({ ...about, failures: [1, 2, 3], answers: 4 });
});
