import { Draws } from "../../control/analysis/draws.ts";
import { forecast } from "../../control/analysis/forecast.ts";
import type { Forecast } from "../../control/analysis/forecast.ts";
import { PRESETS } from "../../control/analysis/judge-policy.ts";
import { numberText } from "../report/format.ts";
import { spreadOf } from "../statistics.ts";
import { runByEvidence } from "./run-judge.ts";
import { sfc32 } from "./sfc32.ts";
import type { Rows, Table } from "./table.ts";
import { partOf, partText } from "./wilson.ts";
import { REALISTIC } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

const FIRST_SEED = 900;
const HORIZON_S = 900;
/** When forecasts are made, in seconds from the beginning. */
const LOOKS_S = [3, 10, 30, 60] as const;
/** Seconds and requests are whole, so a value may miss the end of an interval by a half. */
const HALF = 0.5;
/** How often intervals of 90 % must hold, 0 … 1. */
const HELD = { min: 0.85, max: 0.95 };

/** A forecast, when it was made, and the harm up to then. */
type Made = { readonly atS: number; readonly forecast: Forecast; readonly harm: number };

/** What came of a forecast. */
type Kept = { readonly atS: number; readonly end: boolean; readonly harm: boolean; width: number };

/** Whether the intervals hold as often as they claim, over good and bad canaries. */
export const forecasts: Table = {
  title: (rollouts) =>
    `Forecasts whose 90 % interval held, of ${rollouts} rollouts, one in five bad`,
  head: ["made after", "forecasts", "end held", "width (s, median)", "harm held"],
  parts: [played],
};

function played(rollouts: number): Rows {
  const draws = new Draws(sfc32(11));
  const kept = Array.from({ length: rollouts }, (_, index) => {
    return keptOf(someService(draws), FIRST_SEED + index);
  }).flat();
  const rows = LOOKS_S.map((atS) => {
    const here = kept.filter((each) => each.atS === atS);
    const width = spreadOf(here.map((each) => each.width))?.median ?? 0;
    const end = partOf(here.filter((each) => each.end).length, here.length);
    const harm = partOf(here.filter((each) => each.harm).length, here.length);
    return [`${atS} s`, String(here.length), partText(end), numberText(width), partText(harm)];
  });
  const all = partOf(kept.filter(({ end }) => end).length, kept.length);
  const isHeld = all.high >= HELD.min && all.low <= HELD.max;
  return {
    rows: [...rows, ["all", String(kept.length), partText(all), "", ""]],
    failures: isHeld ? [] : [`intervals of 90 % hold in ${partText(all)}`],
  };
}

function someService(draws: Draws): WorldOptions {
  const perSecond = [5, 50, 500][Math.floor(draws.uniform() * 3)] as number;
  const baseErrors = [1e-4, 1e-3, 1e-2][Math.floor(draws.uniform() * 3)] as number;
  const options = { ...REALISTIC, perSecond, baseErrors };
  if (draws.uniform() < 0.8) return options;
  return { ...options, defect: { errors: 10 ** (-3 + 3 * draws.uniform()) } };
}

function keptOf(options: WorldOptions, seed: number): readonly Kept[] {
  const { standard } = PRESETS;
  const made: Made[] = [];
  const outcome = runByEvidence(options, standard, seed, HORIZON_S, (evidence, state, harm) => {
    const atS = state.totalS;
    if (!LOOKS_S.some((each) => each === atS)) return;
    made.push({ atS, harm, forecast: forecast(evidence, standard.ramp, state, seed ^ atS) });
  });
  const endS = Math.min(outcome.abortedS, outcome.promotedS);
  return made.map(({ atS, harm, forecast: { endS: end, harm: expected } }) => ({
    atS,
    end: isWithin(endS - atS, end),
    harm: isWithin(outcome.harm - harm, expected),
    width: end.high - end.low,
  }));
}

function isWithin(
  value: number,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  return value >= low - HALF && value <= high + HALF;
}
