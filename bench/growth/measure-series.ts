import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Job } from "../contenders/contender.ts";
import { holdConnections } from "../load/held-connections.ts";
import { autocannon } from "../load/autocannon.ts";
import { hasWrk, wrk } from "../load/wrk.ts";
import { measureLoad, targetOf } from "../measure.ts";
import type { Entry } from "../measure.ts";
import { startOrigin } from "../origin/origin.ts";
import { ROUTE_PREFIX } from "../origin/answers.ts";
import { MAIN_SCENARIO, SCENARIOS } from "../scenarios.ts";
import type { Scenario } from "../scenarios.ts";
import { spreadOf } from "../statistics.ts";
import type { Spread } from "../statistics.ts";
import type { Cores } from "../system/cores.ts";
import { processTree, pssBytesOf } from "../system/process-tree.ts";
import type { Series } from "./series.ts";

/**
 * Load before the first round: with 1 000 endpoints it takes a while until each has its
 * connections.
 */
const WARM_UP_SECONDS = 4;
/** How long memory is left alone before it is read. */
const SETTLE_MS = 700;

/** Together 30 KiB: a request's head may have 32. */
const COOKIES = 900;

/** One size of a series, measured. */
export type Point = {
  readonly size: number;
  /** Processor time per request, in microseconds, by round. */
  readonly cpuUs: ReadonlyMap<number, number>;
  readonly cpu: Spread | undefined;
  /** Of all processes, before the load. */
  readonly idleBytes: number;
  /** The same after it. */
  readonly usedBytes: number;
  readonly errors: number;
};

/** How thoroughly a series is measured. */
export type GrowthEffort = {
  readonly contender: Contender;
  readonly rounds: number;
  readonly seconds: number;
  readonly cores: Cores;
  readonly progress: (line: string) => void;
};

type Started = { readonly size: number; readonly entry: Entry; readonly idleBytes: number };

/**
 * Measures every size of a series. All of them run at the same time, each in its own process, and
 * take turns in each round, so that a disturbance hits small and large alike.
 */
export async function measureSeries(
  series: Series,
  effort: GrowthEffort,
): Promise<readonly Point[]> {
  await using stack = new AsyncDisposableStack();
  const started: Started[] = [];
  for (const size of series.sizes) started.push(await start(series, size, effort, stack));
  const tool = hasWrk() ? wrk : autocannon;
  const load = async ({ size, entry }: Started, seconds: number, round: number) => {
    const scenario = scenarioOf(series, size);
    const { connections, streams, newConnections } = scenario;
    const once = { connections, streams, newConnections, seconds, round };
    return measureLoad(tool, entry, scenario, once, effort.cores);
  };
  for (const each of started) await load(each, WARM_UP_SECONDS, 0);
  const samples = new Map(started.map(({ size }) => [size, new Map<number, number>()]));
  const errors = new Map<number, number>();
  for (let round = 1; round <= effort.rounds; round += 1) {
    for (const each of started) {
      const sample = await load(each, effort.seconds, round);
      const { userUs, systemUs, requests, errors: failed } = sample;
      if (requests > 0) samples.get(each.size)?.set(round, userUs + systemUs);
      errors.set(each.size, (errors.get(each.size) ?? 0) + failed);
      const cost = `${(userUs + systemUs).toFixed(1)} µs`;
      effort.progress(`${each.size} ${series.title}, round ${round}: ${cost}, ${failed} errors`);
    }
  }
  return started.map(({ size, entry, idleBytes }) => {
    const cpuUs = samples.get(size) ?? new Map<number, number>();
    const usedBytes = pssBytesOf(processTree(entry.running.pid));
    const cpu = spreadOf([...cpuUs.values()]);
    return { size, cpuUs, cpu, idleBytes, usedBytes, errors: errors.get(size) ?? 0 };
  });
}

async function start(
  series: Series,
  size: number,
  { contender, cores }: GrowthEffort,
  stack: AsyncDisposableStack,
): Promise<Started> {
  const perVersion = series.dimension === "endpoints" ? size / 2 : 1;
  const origin = stack.use(await startOrigin(cores, perVersion));
  const byCookie = series.dimension === "cookieRoutes";
  const job: Job = {
    endpoints: origin.endpoints,
    affinity: false,
    services: series.dimension === "services" ? size : 1,
    routes: series.dimension === "routes" || byCookie ? size : 0,
    routesBy: byCookie ? "cookie" : "path",
  };
  const running = stack.use(await contender.start(job, cores));
  const entry: Entry = { contender, running, job };
  if (series.dimension === "idleConnections" && size > 0) {
    const target = targetOf(entry, scenarioOf(series, size));
    stack.use(await holdConnections({ target, count: size, kind: "idle" }, cores));
  }
  await sleep(SETTLE_MS);
  return { size, entry, idleBytes: pssBytesOf(processTree(running.pid)) };
}

/** The load asks for what comes last: the last of the routes. */
function scenarioOf({ dimension }: Series, size: number): Scenario {
  const main = SCENARIOS.find(({ name }) => name === MAIN_SCENARIO) as Scenario;
  if (dimension === "cookieRoutes") return { ...main, fields: { cookie: cookiesWith(size) } };
  return dimension === "routes" ? { ...main, path: `${ROUTE_PREFIX}${size}` } : main;
}

/** As many cookies as a head has room for, followed by the one that the last route wants. */
function cookiesWith(size: number): string {
  const cookies = Array.from(
    { length: COOKIES },
    (_, index) => `cookie-${index}=${"v".repeat(20)}`,
  );
  return [...cookies, `route-${size}=1`].join("; ");
}
