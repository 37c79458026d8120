import { describe, expect, test } from "vitest";
import { addedFlows, FlowCounters } from "../../../proxy/metrics/flow-counters.ts";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";

describe("FlowCounters", () => {
  test("adds up bytes, and when answers began if they did", () => {
    const flow = new FlowCounters();
    flow.ended(10, 200, 1.5);
    flow.ended(1, 0, -1);
    flow.ended(0, 5, 1.5);
    expect(flow.counts()).toEqual({
      bytesIn: 11,
      bytesOut: 205,
      firstBytes: [[bucketOf(1.5), 2]],
      firstByteSumMs: 3,
    });
  });

  test("has counted nothing at first", () => {
    const nothing = { bytesIn: 0, bytesOut: 0, firstBytes: [], firstByteSumMs: 0 };
    expect(new FlowCounters().counts()).toEqual(nothing);
  });
});

test("addedFlows() adds bucket by bucket", () => {
  const one = { bytesIn: 1, bytesOut: 2, firstBytes: [[3, 4] as const], firstByteSumMs: 5 };
  const other = { ...one, firstBytes: [[3, 1] as const, [9, 1] as const] };
  expect(addedFlows(one, other)).toEqual({
    bytesIn: 2,
    bytesOut: 4,
    firstBytes: [
      [3, 5],
      [9, 1],
    ],
    firstByteSumMs: 10,
  });
});
