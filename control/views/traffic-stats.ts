import { quantileMs } from "../../proxy/metrics/histogram.ts";
import { ATTEMPT_OUTCOMES, CODE_CLASSES, TUNNEL_OUTCOMES } from "../../proxy/metrics/stats.ts";
import type { TunnelCounts } from "../../proxy/metrics/stats.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import { recordOf } from "../base/record-of.ts";
import { kindOf } from "../config/listened-services.ts";
import type { VersionTotals, WorkerTotals } from "./worker-totals.ts";

/** How traffic went in a while: rates and parts, not sums. */
export type TrafficRates = {
  /** Exchanges that ended, a second; of a service of kind tcp, connections. */
  readonly rate: number;
  /** Part of them that failed for the client, 0 … 1: a status of 5xx, or a broken connection. */
  readonly errors: number;
  /** What that part of the exchanges took at most. Absent: none ended, or the kind is tcp. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
  /** Requests under way now. */
  readonly open: number;
  /** Tunnels open now. */
  readonly tunnels: number;
};

/** The same of a version. */
export type VersionTraffic = TrafficRates & {
  /** Part of the attempts at its endpoints that failed, 0 … 1; a retry may have helped them. */
  readonly failures: number;
};

/** The same of a service: all its versions, and the errors that no version has a part in. */
export type ServiceTraffic = TrafficRates & {
  /** Errors a second that Sluice answered itself, in place of a version. */
  readonly unserved: number;
  /** By name. A version that is absent had nothing, and has nothing open. */
  readonly versions: Readonly<Record<string, VersionTraffic>>;
};

/** What all workers had counted at a time. */
export type TrafficSample = {
  /** Of the monotonic clock. */
  readonly takenMs: number;
  readonly totals: WorkerTotals;
};

/** A service of the table. */
type Counted = Pick<ServiceSnapshot, "name" | "tcp"> & {
  readonly versions: readonly { readonly name: string }[];
};

/** What had ended by a time, and what had failed of it. All only grow. */
type Ended = {
  readonly requests: number;
  readonly errors: number;
  readonly attempts: number;
  readonly failures: number;
  readonly durations: readonly number[];
};

const SERVER_ERROR = CODE_CLASSES.indexOf("5xx");
const OK = ATTEMPT_OUTCOMES.indexOf("ok");
/** The endpoint has no part in those. */
const LOCAL = ATTEMPT_OUTCOMES.indexOf("local");
const BROKEN = TUNNEL_OUTCOMES.indexOf("endpoint");

/**
 * How traffic went between two samples, by service: those that are absent had none, and have
 * nothing open. Equal arguments give equal answers.
 */
export function trafficBetween(
  before: TrafficSample,
  now: TrafficSample,
  services: readonly Counted[],
): Readonly<Record<string, ServiceTraffic>> {
  const each = services.map((service) => [service.name, ofService(before, now, service)] as const);
  return recordOf(each.filter(([, traffic]) => isAny(traffic) || traffic.unserved > 0));
}

function ofService(before: TrafficSample, now: TrafficSample, service: Counted): ServiceTraffic {
  const { name } = service;
  const seconds = secondsBetween(before, now);
  const isTcp = kindOf(service) === "tcp";
  const ended = service.versions.map((version) => {
    return grown(
      endedAt(before.totals, name, version.name, isTcp),
      endedAt(now.totals, name, version.name, isTcp),
    );
  });
  const open = service.versions.map((version) => now.totals.version(name, version.name));
  const versions = service.versions.map((version, at) => {
    const own = ended[at] ?? NONE;
    const traffic = trafficOf(own, openOf(open.slice(at, at + 1)), seconds);
    return [version.name, { ...traffic, failures: part(own.failures, own.attempts) }] as const;
  });
  const local = sumOf(now.totals.localReplies(name)) - sumOf(before.totals.localReplies(name));
  const unserved = Math.max(0, local);
  const all = ended.reduce(added, { ...NONE, requests: unserved, errors: unserved });
  return {
    ...trafficOf(all, openOf(open), seconds),
    unserved: toHundredths(unserved / seconds),
    versions: recordOf(versions.filter(([, traffic]) => isAny(traffic))),
  };
}

const NONE: Ended = { requests: 0, errors: 0, attempts: 0, failures: 0, durations: [] };

function endedAt(totals: WorkerTotals, service: string, version: string, isTcp: boolean): Ended {
  return isTcp
    ? tunnelsEnded(totals.tunnels(service, version))
    : ofTotals(totals, service, version);
}

function ofTotals(totals: WorkerTotals, service: string, version: string): Ended {
  const { codes, outcomes, durations }: VersionTotals = totals.version(service, version);
  const attempts = sumOf(outcomes) - (outcomes[LOCAL] ?? 0);
  return {
    requests: sumOf(codes),
    errors: codes[SERVER_ERROR] ?? 0,
    attempts,
    failures: attempts - (outcomes[OK] ?? 0),
    durations,
  };
}

/** A connection that got no endpoint has failed as one that its endpoint broke. */
function tunnelsEnded(counts: TunnelCounts | undefined): Ended {
  if (counts === undefined) return NONE;
  const failed = Object.values(counts.failures).reduce((sum, count) => sum + count, 0);
  const requests = sumOf(counts.outcomes) + failed;
  const errors = (counts.outcomes[BROKEN] ?? 0) + failed;
  return { requests, errors, attempts: requests, failures: errors, durations: [] };
}

/** By how much each has become more: counters that began again count from where they are. */
function grown(before: Ended, now: Ended): Ended {
  return {
    requests: Math.max(0, now.requests - before.requests),
    errors: Math.max(0, now.errors - before.errors),
    attempts: Math.max(0, now.attempts - before.attempts),
    failures: Math.max(0, now.failures - before.failures),
    durations: grownCounts(before.durations, now.durations),
  };
}

/** None where both are the same object: that of a version that has never counted anything. */
function grownCounts(before: readonly number[], now: readonly number[]): readonly number[] {
  if (before === now) return [];
  return now.map((count, at) => Math.max(0, count - (before[at] ?? 0)));
}

function added(one: Ended, other: Ended): Ended {
  const [longer, shorter] =
    one.durations.length > other.durations.length ? [one, other] : [other, one];
  return {
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    attempts: one.attempts + other.attempts,
    failures: one.failures + other.failures,
    durations: longer.durations.map((count, at) => count + (shorter.durations[at] ?? 0)),
  };
}

function openOf(versions: readonly VersionTotals[]): Pick<TrafficRates, "open" | "tunnels"> {
  return {
    open: versions.reduce((sum, { exchangesOpen }) => sum + exchangesOpen, 0),
    tunnels: versions.reduce((sum, { tunnelsOpen }) => sum + tunnelsOpen, 0),
  };
}

function trafficOf(
  { requests, errors, durations }: Ended,
  open: Pick<TrafficRates, "open" | "tunnels">,
  seconds: number,
): TrafficRates {
  const rate = toHundredths(requests / seconds);
  return { rate, errors: part(errors, requests), ...quantilesOf(durations), ...open };
}

function quantilesOf(
  durations: readonly number[],
): Pick<TrafficRates, "p50Ms" | "p95Ms" | "p99Ms"> {
  if (durations.every((count) => count === 0)) return {};
  return {
    p50Ms: quantileMs(durations, 0.5),
    p95Ms: quantileMs(durations, 0.95),
    p99Ms: quantileMs(durations, 0.99),
  };
}

function isAny({ rate, open, tunnels }: TrafficRates): boolean {
  return rate > 0 || open > 0 || tunnels > 0;
}

/** Two samples of one moment are a millisecond apart: no rate is without end. */
function secondsBetween(before: TrafficSample, now: TrafficSample): number {
  return Math.max(1, now.takenMs - before.takenMs) / 1_000;
}

function part(some: number, all: number): number {
  return all === 0 ? 0 : Math.round((some / all) * 1e5) / 1e5;
}

function toHundredths(number: number): number {
  return Math.round(number * 100) / 100;
}

function sumOf(counts: readonly number[] | ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
