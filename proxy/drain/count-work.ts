import { AGE_BOUNDS_MS } from "../messages/messages.ts";
import type { OpenCounts, WorkCounts } from "../messages/messages.ts";
import type { OpenWork } from "./open-work.ts";

/** Counts work by kind and age. */
export function countWork(works: Iterable<OpenWork>, nowMs: number): WorkCounts {
  const counts = { tunnel: noAges(), exchange: noAges() };
  for (const { kind, sinceMs } of works) {
    const ages = counts[kind];
    const age = AGE_BOUNDS_MS.findIndex((boundMs) => nowMs - sinceMs < boundMs);
    ages[age] = (ages[age] ?? 0) + 1;
  }
  return counts;
}

/** Like countWork, for each version that has any. */
export function countByVersion(works: Iterable<OpenWork>, nowMs: number): OpenCounts[] {
  const byVersion = Map.groupBy(works, ({ pool }) => `${pool.service}\0${pool.version}`);
  return [...byVersion.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { service, version } = first.pool;
    return [{ service, version, ...countWork(group, nowMs) }];
  });
}

function noAges(): number[] {
  return AGE_BOUNDS_MS.map(() => 0);
}
