import { PRESETS } from "../../control/analysis/judge-policy.ts";
import { numberText } from "../report/format.ts";
import { spreadOf } from "../statistics.ts";
import type { Outcome } from "./outcome.ts";
import { runByEvidence } from "./run-judge.ts";
import { RIVALS, runRival } from "./run-rival.ts";
import type { RivalName } from "./run-rival.ts";
import type { Rows, Table } from "./table.ts";
import { REALISTIC } from "./world-options.ts";
import type { Defect, WorldOptions } from "./world-options.ts";

const FIRST_SEED = 20_000;
const HORIZON_S = 1_200;

/** A good canary must have all traffic within this time under the standard policy. */
const PROMOTED_MAX_S = 160;

/** The part of rollouts whose defect must be found, 0 … 1. */
const FOUND_MIN = 0.99;

type Row = {
  readonly name: string;
  readonly defect?: Defect;
  /**
   * Largest mean harm: 1.2 times what was measured when it was designed. It must be below every
   * rival's in any case.
   */
  readonly harmMax?: number;
};

const ROWS: readonly Row[] = [
  { name: "none" },
  { name: "+0.5 points", defect: { errors: 0.005 }, harmMax: 21.8 },
  { name: "+1 point", defect: { errors: 0.01 }, harmMax: 13.7 },
  { name: "+5 points", defect: { errors: 0.05 }, harmMax: 6.3 },
  { name: "+20 points", defect: { errors: 0.2 }, harmMax: 6.2 },
  { name: "+100 points", defect: { errors: 1 }, harmMax: 12.1 },
  { name: "latency × 2", defect: { latency: 2 }, harmMax: 536 },
  { name: "latency × 10", defect: { latency: 10 } },
  { name: "2 % of requests × 10", defect: { tail: { share: 0.02, factor: 10 } } },
  { name: "a route of 3 % fails", defect: { route: { share: 0.03, errors: 1 } } },
  { name: "leak: 20 % in 10 min", defect: { leak: { seconds: 600, errors: 0.2 } } },
  {
    name: "20 % above a weight of 20 %",
    defect: { capacity: { above: 0.2, errors: 0.2 } },
  },
];

/** What defects cost until found, at 50 requests per second of which 0.1 % fail anyway. */
export const defects: Table = {
  title: (rollouts) =>
    `Requests that a defect harms (mean of ${rollouts} rollouts), when it is found (median), ` +
    "and in how many; without a defect: when everything is the canary's",
  head: ["defect", "by evidence", ...Object.keys(RIVALS)],
  parts: ROWS.map((row) => (rollouts) => playedOf(row, rollouts)),
};

function playedOf(row: Row, rollouts: number): Rows {
  const options = optionsOf(row);
  const ours = runs(rollouts, (seed) => runByEvidence(options, PRESETS.standard, seed, HORIZON_S));
  const rivals = (Object.keys(RIVALS) as RivalName[]).map((name) => {
    return { name, outcomes: runs(rollouts, (seed) => runRival(name, options, seed)) };
  });
  const cells = [ours, ...rivals.map(({ outcomes }) => outcomes)].map(cellOf(row));
  return { rows: [[row.name, ...cells]], failures: brokenBy(row, ours, rivals) };
}

function optionsOf({ defect }: Row): WorldOptions {
  const base = { ...REALISTIC, perSecond: 50, baseErrors: 0.001 };
  return defect === undefined ? base : { ...base, defect };
}

function runs(rollouts: number, run: (seed: number) => Outcome): readonly Outcome[] {
  return Array.from({ length: rollouts }, (_, index) => run(FIRST_SEED + index));
}

/** Failed requests, or slowed ones if slowness is the defect. */
function harmOf({ defect }: Row, outcomes: readonly Outcome[]): number {
  const isSlow = defect?.latency !== undefined || defect?.tail !== undefined;
  const sum = outcomes.reduce((total, each) => total + (isSlow ? each.slowed : each.harm), 0);
  return sum / outcomes.length;
}

function foundOf(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.filter(({ abortedS }) => abortedS < Infinity);
}

function promotedS(outcomes: readonly Outcome[]): number {
  const good = outcomes.filter((each) => each.abortedS === Infinity && each.promotedS < Infinity);
  return spreadOf(good.map((each) => each.promotedS))?.median ?? Infinity;
}

function cellOf(row: Row): (outcomes: readonly Outcome[]) => string {
  return (outcomes) => {
    if (row.defect === undefined) return `${numberText(promotedS(outcomes))} s`;
    const found = foundOf(outcomes);
    const harm = numberText(harmOf(row, outcomes));
    const at = spreadOf(found.map(({ abortedS }) => abortedS))?.median;
    const part = `${Number(((100 * found.length) / outcomes.length).toFixed(1))} %`;
    return at === undefined ? `${harm}; never` : `${harm}; ${numberText(at)} s; ${part}`;
  };
}

type RivalRuns = { readonly name: string; readonly outcomes: readonly Outcome[] };

function brokenBy(row: Row, ours: readonly Outcome[], rivals: readonly RivalRuns[]): string[] {
  if (row.defect === undefined) {
    const seconds = promotedS(ours);
    const text = `a good canary has everything after ${seconds} s, must ${PROMOTED_MAX_S} s`;
    return seconds <= PROMOTED_MAX_S ? [] : [text];
  }
  const harm = harmOf(row, ours);
  const found = foundOf(ours).length / ours.length;
  const broken = rivals
    .filter(({ outcomes }) => harmOf(row, outcomes) <= harm)
    .map(({ name }) => `${row.name}: harms ${numberText(harm)}, no less than ${name}`);
  if (row.harmMax !== undefined && harm > row.harmMax) {
    broken.push(`${row.name}: harms ${numberText(harm)}, must ${row.harmMax}`);
  }
  if (found < FOUND_MIN) broken.push(`${row.name}: found in ${100 * found} %`);
  return broken;
}
