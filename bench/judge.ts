import type { BudgetRow, Measure } from "./budget.ts";
import { cpuByRound, latencySpread } from "./figures.ts";
import type { Results } from "./results.ts";
import { ratioSpread, spreadOf } from "./statistics.ts";
import type { Spread } from "./statistics.ts";

/**
 * aim: as good as we hoped. must: kept. missed: broken. shown: nothing was promised. absent: this
 * run did not measure it.
 */
export type Verdict = "aim" | "must" | "missed" | "shown" | "absent";

/** A row of the budget with what a run found. */
export type Judgement = {
  readonly row: BudgetRow;
  readonly found: Spread | undefined;
  readonly verdict: Verdict;
};

/** Judges a run by its medians. Figures that were not measured break nothing: they are shown. */
export function judge(budget: readonly BudgetRow[], results: Results): readonly Judgement[] {
  return budget.map((row) => {
    const found = figureOf(row.measure, results);
    return { row, found, verdict: verdictOf(row, found?.median) };
  });
}

function verdictOf(row: BudgetRow, median: number | undefined): Verdict {
  if (median === undefined) return "absent";
  if (row.must === undefined) return "shown";
  if (median > row.must) return "missed";
  return row.aim !== undefined && median <= row.aim ? "aim" : "must";
}

function figureOf(measure: Measure, results: Results): Spread | undefined {
  const { memory, shifts } = results;
  const own = memory.filter(({ contender }) => contender === "sluice");
  switch (measure.kind) {
    case "cpuRatio": {
      const { scenario, against } = measure;
      const rival = cpuByRound(results, against, scenario);
      return ratioSpread(cpuByRound(results, "sluice", scenario), rival);
    }
    case "addedP99Ratio":
      return addedRatio(results, measure.against);
    case "idleMemory":
      return spreadOf(own.map(({ idleBytes }) => idleBytes));
    case "connectionMemory":
      return spreadOf(own.map(({ perConnectionBytes }) => perConnectionBytes));
    case "tlsConnectionMemory":
      return spreadOf(own.flatMap(({ perTlsConnectionBytes }) => perTlsConnectionBytes ?? []));
    case "h2cConnectionMemory":
      return spreadOf(own.flatMap(({ perH2cConnectionBytes }) => perH2cConnectionBytes ?? []));
    case "h2ConnectionMemory":
      return spreadOf(own.flatMap(({ perH2ConnectionBytes }) => perH2ConnectionBytes ?? []));
    case "unreadMemory":
      return spreadOf(own.map(({ perUnreadBytes }) => perUnreadBytes));
    case "shift":
      return spreadOf(shifts.map(({ p99Ms }) => p99Ms));
  }
}

/**
 * The latency that a proxy adds is what it has beyond `direct` at the same rate. Medians are
 * compared, because the difference of two tails within one round is mostly noise.
 */
function addedRatio(results: Results, against: string): Spread | undefined {
  const base = latencySpread(results, "direct", "p99Us")?.median;
  const own = latencySpread(results, "sluice", "p99Us");
  const rival = latencySpread(results, against, "p99Us")?.median;
  if (base === undefined || own === undefined || rival === undefined || rival <= base)
    return undefined;
  const ratioOf = (value: number): number => Math.max(0, value - base) / (rival - base);
  return { median: ratioOf(own.median), min: ratioOf(own.min), max: ratioOf(own.max) };
}
