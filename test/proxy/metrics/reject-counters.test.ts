import { expect, test } from "vitest";
import { RejectCounters } from "../../../proxy/metrics/reject-counters.ts";

test("RejectCounters.add() counts by reason", () => {
  const counters = new RejectCounters();
  counters.add("bare-lf");
  counters.add("te-and-cl");
  counters.add("bare-lf", 3);
  const before = counters.toRecord();
  counters.add("bare-lf");
  expect(before).toEqual({ "bare-lf": 4, "te-and-cl": 1 });
});
