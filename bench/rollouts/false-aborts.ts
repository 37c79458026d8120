import { PRESETS } from "../../control/analysis/judge-policy.ts";
import { RIVALS, runRival } from "./run-rival.ts";
import type { RivalName } from "./run-rival.ts";
import { runByClock, runByEvidence } from "./run-judge.ts";
import type { Outcome } from "./outcome.ts";
import type { Table } from "./table.ts";
import { partOf, partText } from "./wilson.ts";
import { REALISTIC } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

/** The part of good canaries in a realistic world that evidence may abort, 0 … 1. */
const FALSE_ABORTS_MAX = 0.01;

const HORIZON_S = 900;

/** Requests per second, and the error rate of both versions. */
const ROWS = [
  [5, 0.01],
  [50, 0.001],
  [50, 0.01],
  [500, 0.01],
] as const;

/** How often a good canary is aborted. */
export function falseAborts(rollouts: number): Table {
  const failures: string[] = [];
  const rows = ROWS.map(([perSecond, baseErrors]) => {
    const options = { ...REALISTIC, perSecond, baseErrors };
    const parts = JUDGES.map(({ run }) => abortedPart(rollouts, (seed) => run(options, seed)));
    const [evidence] = parts;
    const name = `${perSecond}/s, ${100 * baseErrors} % errors`;
    if (evidence !== undefined && evidence.part > FALSE_ABORTS_MAX) {
      failures.push(`${name}: ${partText(evidence)} aborted, must ${100 * FALSE_ABORTS_MAX} %`);
    }
    return [name, ...parts.map(partText)];
  });
  const title = `Good canaries that are aborted, of ${rollouts} a row, in a realistic world`;
  return { title, head: ["service", ...JUDGES.map(({ name }) => name)], rows, failures };
}

type Run = (options: WorldOptions, seed: number) => Outcome;

const JUDGES: readonly { readonly name: string; readonly run: Run }[] = [
  {
    name: "by evidence",
    run: (options, seed) => runByEvidence(options, PRESETS.standard, seed, HORIZON_S),
  },
  { name: "by the clock", run: (options, seed) => runByClock(options, PRESETS.standard, seed) },
  ...(Object.keys(RIVALS) as RivalName[]).map((name) => {
    return { name, run: (options: WorldOptions, seed: number) => runRival(name, options, seed) };
  }),
];

function abortedPart(rollouts: number, run: (seed: number) => Outcome): ReturnType<typeof partOf> {
  let aborted = 0;
  for (let seed = 0; seed < rollouts; seed += 1) {
    if (run(FIRST_SEED + seed).abortedS < Infinity) aborted += 1;
  }
  return partOf(aborted, rollouts);
}

const FIRST_SEED = 100_000;
