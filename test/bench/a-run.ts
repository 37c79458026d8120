import type { LatencySample, LoadSample, Results } from "../../bench/results.ts";

/** Samples of a contender in the main scenario, one a round, that cost so many microseconds. */
export function loadsAt(contender: string, costsUs: readonly number[]): readonly LoadSample[] {
  return costsUs.map((costUs, index) => ({
    contender,
    scenario: "small",
    round: index + 1,
    tool: "wrk",
    requests: 1_000,
    perSecond: 500,
    errors: 0,
    userUs: costUs / 4,
    systemUs: (costUs * 3) / 4,
  }));
}

/** Latencies of a contender, one a round, with these 99th percentiles. */
export function latenciesAt(contender: string, p99sUs: readonly number[]): LatencySample[] {
  return p99sUs.map((p99Us, index) => ({
    contender,
    round: index + 1,
    requestsPerSecond: 5_000,
    errors: 0,
    p50Us: p99Us / 2,
    p99Us,
    p999Us: p99Us * 2,
    lateP99Us: 900,
  }));
}

/** A run that found what is given, and nothing else. */
export function aRun(found: Partial<Results>): Results {
  return {
    startedAt: "2026-11-24T10:20:30.000Z",
    machine: {
      processor: "Example 9000",
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      kernel: "Linux 6.1",
      node: "v26.0.0",
      loadBefore: 0.1,
    },
    stolenShare: 0.012,
    origin: "nginx",
    command: "npm run bench -- --quick",
    contenders: {},
    missing: [],
    loads: [],
    latencies: [],
    memory: [],
    shifts: [],
    ...found,
  };
}
