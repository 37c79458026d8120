import { PRESETS } from "../../control/analysis/judge-policy.ts";
import { RIVALS, runRival } from "./run-rival.ts";
import type { RivalName } from "./run-rival.ts";
import { runByClock, runByEvidence } from "./run-judge.ts";
import type { Outcome } from "./outcome.ts";
import type { Rows, Table } from "./table.ts";
import { partOf, partText } from "./wilson.ts";
import { REALISTIC } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

/** The part of good canaries in a realistic world that evidence may abort, 0 … 1. */
const FALSE_ABORTS_MAX = 0.01;

const HORIZON_S = 900;
const FIRST_SEED = 100_000;

/** Requests per second, and the error rate of both versions. */
const ROWS = [
  [5, 0.01],
  [50, 0.001],
  [50, 0.01],
  [500, 0.01],
] as const;

type Run = (options: WorldOptions, seed: number) => Outcome;

/**
 * A tenth: what others abort is often, and playing all of it would take most of the time of a full
 * run.
 */
function ofRivals(rollouts: number): number {
  return Math.ceil(rollouts / 10);
}

type Judge = { readonly name: string; readonly isRival: boolean; readonly run: Run };

const JUDGES: readonly Judge[] = [
  {
    name: "by evidence",
    isRival: false,
    run: (options, seed) => runByEvidence(options, PRESETS.standard, seed, HORIZON_S),
  },
  {
    name: "by the clock",
    isRival: false,
    run: (options, seed) => runByClock(options, PRESETS.standard, seed),
  },
  ...(Object.keys(RIVALS) as RivalName[]).map((name): Judge => {
    return { name, isRival: true, run: (options, seed) => runRival(name, options, seed) };
  }),
];

function abortedPart(rollouts: number, run: (seed: number) => Outcome): ReturnType<typeof partOf> {
  let aborted = 0;
  for (let seed = 0; seed < rollouts; seed += 1) {
    if (run(FIRST_SEED + seed).abortedS < Infinity) aborted += 1;
  }
  return partOf(aborted, rollouts);
}

function rowOf([perSecond, baseErrors]: (typeof ROWS)[number], rollouts: number): Rows {
  const options = { ...REALISTIC, perSecond, baseErrors };
  const parts = JUDGES.map(({ run, isRival }) =>
    abortedPart(isRival ? ofRivals(rollouts) : rollouts, (seed) => run(options, seed)),
  );
  const [evidence] = parts;
  const name = `${perSecond}/s, ${100 * baseErrors} % errors`;
  const isBroken = evidence !== undefined && evidence.part > FALSE_ABORTS_MAX;
  const must = `must ${100 * FALSE_ABORTS_MAX} %`;
  return {
    rows: [[name, ...parts.map(partText)]],
    failures: isBroken ? [`${name}: ${partText(evidence)} aborted, ${must}`] : [],
  };
}

/** Good canaries that are aborted by us and, of fewer, by the rules of others. */
export const falseAborts: Table = {
  title: (rollouts) =>
    `Good canaries that are aborted, of ${rollouts} a row (by the rules of others: of ` +
    `${ofRivals(rollouts)}), in a realistic world`,
  head: ["service", ...JUDGES.map(({ name }) => name)],
  parts: ROWS.map((row) => (rollouts) => rowOf(row, rollouts)),
};
