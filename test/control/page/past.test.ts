import { expect, test } from "vitest";
import type { Stats } from "../../../control/api/stats-ticker.ts";
import {
  marksOf,
  PAST_MS,
  seriesOf,
  withRemembered,
  withStats,
} from "../../../control/page/past.ts";
import type { Past } from "../../../control/page/past.ts";

const STARTED_MS = Date.parse("2026-01-01T00:00:00Z");
const QUIET = { errors: 0, failures: 0, open: 0, tunnels: 0 };

function statsAt(afterMs: number, services: object): Stats {
  const time = new Date(STARTED_MS + afterMs).toISOString();
  return { time, revision: 1, windowMs: 10_000, services: services as Stats["services"] };
}

const shop = (rate: number): object => ({
  shop: { versions: { v1: { ...QUIET, rate, p99Ms: 5 } } },
});

test("withStats() keeps a quarter of an hour of each service, quiet times too", () => {
  let past: Past = new Map();
  past = withStats(past, statsAt(0, shop(1)));
  past = withStats(past, statsAt(1_000, {}));
  past = withStats(past, statsAt(PAST_MS, shop(3)));
  const moments = past.get("shop") ?? [];
  expect(moments.map(({ atMs }) => atMs - STARTED_MS)).toEqual([1_000, PAST_MS]);
  expect(seriesOf(moments, ["v1", "v2"], "rate")).toEqual([
    [STARTED_MS / 1_000 + 1, (STARTED_MS + PAST_MS) / 1_000],
    [0, 3],
    [0, 0],
  ]);
});

test("withStats() leaves out what tells no rate yet, and services beyond the bound", () => {
  expect(withStats(new Map(), { ...statsAt(0, shop(1)), windowMs: 4_000 }).size).toBe(0);
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [`s${at}`, { versions: {} }]),
  );
  expect(withStats(new Map(), statsAt(0, many)).size).toBe(64);
});

test("withRemembered() puts before what was seen what the sidecar remembers from before", () => {
  const seen = withStats(new Map(), statsAt(20_000, shop(3)));
  const moments = [5_000, 15_000, 25_000].map((afterMs) => {
    return { time: new Date(STARTED_MS + afterMs).toISOString(), versions: {} };
  });
  const times = (past: Past): readonly number[] =>
    (past.get("shop") ?? []).map(({ atMs }) => atMs - STARTED_MS);
  expect(times(withRemembered(seen, "shop", moments))).toEqual([5_000, 15_000, 20_000]);
  expect(times(withRemembered(new Map(), "shop", moments))).toEqual([5_000, 15_000, 25_000]);
});

test("seriesOf() has a gap where a version had no requests, and errors in percent", () => {
  const versions = { v1: { ...QUIET, rate: 4, errors: 0.25, p99Ms: 8 } };
  const moments = [
    { atMs: 1_000, versions },
    { atMs: 2_000, versions: {} },
  ];
  expect(seriesOf(moments, ["v1"], "errors")).toEqual([
    [1, 2],
    [25, null],
  ]);
  expect(seriesOf(moments, ["v1"], "p99Ms")).toEqual([
    [1, 2],
    [8, null],
  ]);
});

test("marksOf() tells of each change once", () => {
  const event = { id: 1, time: "2026-01-01T00:00:00Z" };
  const marks = marksOf([
    { ...event, kind: "revision", action: "shift" },
    { ...event, kind: "shift", after: { v1: 80, v2: 20 } },
    { ...event, kind: "revision", action: "put" },
    { ...event, kind: "health", endpoint: "a:1" },
    { ...event, kind: "rollout", phase: "aborted", share: 0 },
  ]);
  expect(marks.map(({ text }) => text)).toEqual([
    "shift: v1=80 v2=20",
    "put",
    "rollout aborted, 0 %",
  ]);
  expect(marks[0]?.atMs).toBe(STARTED_MS);
});
