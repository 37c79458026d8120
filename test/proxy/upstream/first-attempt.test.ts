import { expect, test } from "vitest";
import { FailingClients } from "../../../proxy/metrics/failing-clients.ts";
import { bucketOf } from "../../../proxy/metrics/histogram.ts";
import type { VersionSecondCounts } from "../../../proxy/metrics/second-counts.ts";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { FirstAttempt } from "../../../proxy/upstream/first-attempt.ts";
import { ObservedVersion } from "../../../proxy/upstream/observed-version.ts";
import { endpointSnapshot } from "./pool-fixture.ts";

const ENDPOINT = new Endpoint(endpointSnapshot("127.0.0.1:1"), -Infinity);

/** What was counted of an attempt that took 30 ms. */
function countedOf(end: (first: FirstAttempt) => void): VersionSecondCounts {
  let nowMs = 10;
  const time = { nowMs: () => nowMs, secondAt: () => 7, wantedUntilS: 7 };
  const version = new ObservedVersion(time, new FailingClients(), () => undefined);
  const first = new FirstAttempt();
  first.begin(version, {}, undefined, -1, nowMs);
  nowMs = 40;
  end(first);
  return version.counts(7);
}

test("FirstAttempt counts how it has ended, how long it took, and where", () => {
  const ok = countedOf((first) => first.ended("ok", ENDPOINT));
  const at = { latencies: [[bucketOf(30), 1]], endpoints: [["127.0.0.1:1", 1, 0]] };
  expect(ok).toEqual({ requests: 1, failures: 0, failingKeys: 0, ...at });
  for (const outcome of ["connect", "reset", "timeout", "5xx"] as const) {
    const bad = countedOf((first) => first.ended(outcome, undefined));
    expect(bad).toMatchObject({ requests: 1, failures: 1, endpoints: [["", 1, 1]] });
  }
});

test("FirstAttempt takes the time from whoever knows it", () => {
  const counts = countedOf((first) => first.ended("ok", ENDPOINT, 25));
  expect(counts.latencies).toEqual([[bucketOf(15), 1]]);
});

test("FirstAttempt counts nothing for a fault of our own", () => {
  expect(countedOf((first) => first.ended("local", ENDPOINT)).requests).toBe(0);
});

test("FirstAttempt counts what comes after it not at all", () => {
  const counts = countedOf((first) => {
    first.ended("5xx", ENDPOINT);
    first.ended("ok", ENDPOINT);
    first.abandoned(503, ENDPOINT, 40);
  });
  expect(counts).toMatchObject({ requests: 1, failures: 1 });
});

test("FirstAttempt counts a client that leaves by how long it has waited", () => {
  const left = countedOf((first) => first.abandoned(0, ENDPOINT, 40));
  expect(left).toMatchObject({ requests: 1, failures: 0, latencies: [[bucketOf(30), 1]] });
});

test("FirstAttempt counts an error of ours for want of a place, and no fault of the client", () => {
  expect(countedOf((first) => first.abandoned(503, undefined, 40))).toMatchObject({ failures: 1 });
  expect(countedOf((first) => first.abandoned(413, undefined, 40)).requests).toBe(0);
});
