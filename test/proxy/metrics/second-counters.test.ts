import { expect, test } from "vitest";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";
import { SecondCounters } from "../../../proxy/metrics/second-counters.ts";

const WELL = { failed: false, durationMs: 3, address: "a:1", route: -1 };

test("SecondCounters counts attempts, failures, clients, durations and endpoints", () => {
  const counters = new SecondCounters();
  counters.begin(5);
  counters.add(WELL, false);
  counters.add({ ...WELL, failed: true, durationMs: 40 }, true);
  counters.add({ ...WELL, failed: true, address: "b:1" }, false);
  counters.add({ ...WELL, failed: true, address: undefined }, true);
  expect(counters.counts()).toEqual({
    requests: 4,
    failures: 3,
    failingKeys: 2,
    latencies: [
      [bucketOf(3), 3],
      [bucketOf(40), 1],
    ],
    endpoints: [
      ["a:1", 2, 1],
      ["b:1", 1, 0],
      ["", 1, 1],
    ],
  });
});

test("SecondCounters.begin() leaves nothing of the second before", () => {
  const counters = new SecondCounters();
  counters.begin(5);
  counters.add({ ...WELL, failed: true, route: 2 }, true);
  counters.begin(15);
  counters.add(WELL, false);
  const second = { requests: 1, failures: 0, failingKeys: 0 };
  const rest = { latencies: [[bucketOf(3), 1]], endpoints: [["a:1", 1, 0]] };
  expect([counters.second, counters.counts()]).toEqual([15, { ...second, ...rest }]);
});

test("SecondCounters has a place for each of 14 routes, and one for all others", () => {
  const counters = new SecondCounters();
  counters.begin(1);
  for (const route of [0, 2, 14, 15, 400]) counters.add({ ...WELL, route }, false);
  const routes = counters.counts().routes?.map(([requests]) => requests);
  expect(routes).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
});

test("SecondCounters counts 15 endpoints by themselves, and all others as one", () => {
  const counters = new SecondCounters();
  counters.begin(1);
  for (let port = 1; port <= 40; port += 1) counters.add({ ...WELL, address: `a:${port}` }, false);
  const { endpoints } = counters.counts();
  expect(endpoints.map(([address]) => address).slice(-3)).toEqual(["a:14", "a:15", "*"]);
  expect(endpoints.map(([, requests]) => requests)).toEqual([...Array(15).fill(1), 25]);
});
