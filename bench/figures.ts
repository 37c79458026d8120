import type { LatencySample, LoadSample, Results } from "./results.ts";
import { spreadOf } from "./statistics.ts";
import type { Spread } from "./statistics.ts";

/** Share of failed requests up to which a sample still says what a request costs. */
const ERRORS_SHARE_MAX = 0.001;

/** Usable samples of one contender in one scenario: the cost of failures says nothing. */
function loadsOf(
  { loads }: Pick<Results, "loads">,
  contender: string,
  scenario: string,
): readonly LoadSample[] {
  return loads.filter(
    (load) =>
      load.contender === contender &&
      load.scenario === scenario &&
      load.requests > 0 &&
      load.errors <= load.requests * ERRORS_SHARE_MAX,
  );
}

/** Processor time per request, user and system, in microseconds, by round. */
export function cpuByRound(
  results: Pick<Results, "loads">,
  contender: string,
  scenario: string,
): ReadonlyMap<number, number> {
  const loads = loadsOf(results, contender, scenario);
  return new Map(loads.map(({ round, userUs, systemUs }) => [round, userUs + systemUs]));
}

/** Spread over the rounds of a figure of the closed loops. */
export function loadSpread(
  results: Pick<Results, "loads">,
  contender: string,
  scenario: string,
  figure: (load: LoadSample) => number,
): Spread | undefined {
  return spreadOf(loadsOf(results, contender, scenario).map(figure));
}

/** Spread over the rounds of a latency. */
export function latencySpread(
  { latencies }: Pick<Results, "latencies">,
  contender: string,
  figure: "p50Us" | "p99Us" | "p999Us" | "requestsPerSecond",
): Spread | undefined {
  const own = latencies.filter((latency: LatencySample) => latency.contender === contender);
  return spreadOf(own.map((latency) => latency[figure]));
}
