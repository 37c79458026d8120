import { ErrorEvidence } from "../../control/analysis/error-evidence.ts";
import { CanaryShare } from "../../control/analysis/canary-share.ts";
import { PRESETS } from "../../control/analysis/judge-policy.ts";
import type { JudgePolicy } from "../../control/analysis/judge-policy.ts";
import type { Second } from "../../control/analysis/second.ts";
import { STEP_S, STEPS } from "./outcome.ts";
import type { Rows, Table } from "./table.ts";
import { partOf, partText } from "./wilson.ts";
import { World } from "./world.ts";
import type { WorldOptions } from "./world-options.ts";

const FIRST_SEED = 31_000;
/** How long stable is observed beforehand. */
const BEFORE_S = 900;
/** Evidence at which a single test, given all of alpha = 5 %, would abort. */
const LIMIT = 20;
/** The one-sided quantile of the normal distribution at 5 %. */
const Z_LIMIT = 1.645;
/** With this many requests a mean is taken to be normal. */
const NORMAL_MIN = 30;

/** For good canaries whose errors come in clumps or from single endpoints, 0 … 1. */
const FALSE_ABORTS_MAX = 0.06;

const WORLDS: readonly (readonly [name: string, options: Partial<WorldOptions>])[] = [
  ["independent errors", {}],
  ["clumps of 4 by one user", { clump: 4 }],
  ["an endpoint hiccups once an hour", { hiccups: { every: 3_600, stableEndpoints: 10 } }],
  ["each ten minutes", { hiccups: { every: 600, stableEndpoints: 10 }, canaryEndpoints: 2 }],
  ["the canary gets twice its share", { shareFactor: 2 }],
];

const { errors: STANDARD } = PRESETS.standard.judge;

/** Is shown each second, and says whether it would have aborted by now. */
type Watch = (second: Second, share: number) => boolean;

const WATCHES: readonly { readonly name: string; readonly make: (world: World) => Watch }[] = [
  { name: "z-test each second", make: zTest },
  { name: "ours, by request", make: ours({ ...STANDARD, unit: "request", aloneFactor: Infinity }) },
  { name: "ours, by key", make: ours({ ...STANDARD, aloneFactor: Infinity }) },
  { name: "ours, as it is", make: ours(STANDARD) },
];

/** What correlated errors do to tests of "the canary's errors are stable's". */
export const correlation: Table = {
  title: (rollouts) =>
    `Good canaries that a test of errors would abort in 5 minutes, of ${rollouts}`,
  head: ["world", ...WATCHES.map(({ name }) => name)],
  parts: WORLDS.map((world) => (rollouts) => rowOf(world, rollouts)),
};

function rowOf([name, options]: (typeof WORLDS)[number], rollouts: number): Rows {
  const hits = WATCHES.map(() => 0);
  for (let index = 0; index < rollouts; index += 1) {
    const aborted = watchedBy({ perSecond: 50, baseErrors: 0.002, ...options }, index);
    for (const [watch, isHit] of aborted.entries())
      hits[watch] = (hits[watch] ?? 0) + Number(isHit);
  }
  const parts = hits.map((count) => partOf(count, rollouts));
  const last = parts.at(-1);
  const isBroken = last !== undefined && last.part > FALSE_ABORTS_MAX;
  const must = `must ${100 * FALSE_ABORTS_MAX} %`;
  return {
    rows: [[name, ...parts.map(partText)]],
    failures: isBroken ? [`${name}: ${partText(last)} aborted, ${must}`] : [],
  };
}

function watchedBy(options: WorldOptions, index: number): readonly boolean[] {
  const world = new World({ ...options, noLatency: true }, FIRST_SEED + index);
  const watches = WATCHES.map(({ make }) => make(world));
  const aborted = watches.map(() => false);
  const share = new CanaryShare();
  for (let second = 0; second < STEP_S * (STEPS.length - 1); second += 1) {
    const step = Math.floor(second / STEP_S);
    if (second % STEP_S === 0) share.restart();
    const now = world.tick(STEPS[step] as number, step);
    const requests = now.stable.requests + now.canary.requests;
    const real = share.of(now.weight, now.canary.requests, requests);
    share.add(now.canary.requests, requests);
    for (const [watch, look] of watches.entries()) {
      if (look(now, real)) aborted[watch] = true;
    }
  }
  return aborted;
}

function ours(policy: JudgePolicy["errors"]): (world: World) => Watch {
  return (world) => {
    const evidence = new ErrorEvidence(policy);
    // Each watch draws its own past from the same world, so that none depends on another.
    for (let second = 0; second < BEFORE_S; second += 1)
      evidence.remember(world.tick(0, -1).stable);
    let step = 0;
    return (second, share) => {
      if (second.step !== step) evidence.start();
      step = second.step;
      evidence.add(second.canary, second.stable, share);
      return evidence.worse >= LIMIT && evidence.whole.canary.failures >= policy.failuresMin;
    };
  };
}

/** The obvious approach: compares two means again and again. */
function zTest(): Watch {
  const canary = { requests: 0, failures: 0 };
  const stable = { requests: 0, failures: 0 };
  return (second) => {
    canary.requests += second.canary.requests;
    canary.failures += second.canary.failures;
    stable.requests += second.stable.requests;
    stable.failures += second.stable.failures;
    const n = canary.requests + stable.requests;
    const rate = (canary.failures + stable.failures) / n;
    const spread = Math.sqrt(rate * (1 - rate) * (1 / canary.requests + 1 / stable.requests));
    const difference = canary.failures / canary.requests - stable.failures / stable.requests;
    return canary.requests >= NORMAL_MIN && difference / spread > Z_LIMIT;
  };
}
