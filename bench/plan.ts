import { BUDGET } from "./budget.ts";
import type { Contender } from "./contenders/contender.ts";
import { HTTP2_SCENARIOS, MAIN_SCENARIO, SCENARIOS } from "./scenarios.ts";
import type { Scenario } from "./scenarios.ts";
import type { Plan } from "./suite.ts";

/** What is measured besides the scenarios; `--scenario` takes these names too. */
export const OTHER_MEASUREMENTS = ["latency", "memory", "shift"] as const;

/** Scenarios that `--scenario` takes by one name. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = { http2: HTTP2_SCENARIOS };

/** What the command line chose. Empty lists: everything. */
export type Choice = {
  readonly quick: boolean;
  readonly scenarios: readonly string[];
  readonly contenders: readonly string[];
  readonly rounds: number | undefined;
  readonly seconds: number | undefined;
};

/**
 * How much is measured unless told otherwise. `quick` has to end within two minutes. `repeats`:
 * rounds for those whom the budget compares, per round of the others.
 */
const EFFORTS = {
  quick: { rounds: 3, repeats: 1, freshRounds: 2, seconds: 1, idleConnections: 1_000 },
  full: { rounds: 5, repeats: 3, freshRounds: 3, seconds: 2, idleConnections: 2_000 },
};

/** The measurements of a run, apart from what depends on the machine. */
export type Measurements = Omit<Plan, "cores" | "progress">;

/** Turns a choice into what to measure, among the contenders that are installed. */
export function planFor(choice: Choice, installed: readonly Contender[]): Measurements {
  const { quick } = choice;
  const effort = quick ? EFFORTS.quick : EFFORTS.full;
  const contenders = installed.filter(({ name }) => isChosen(choice.contenders, name));
  const all = new Set(contenders.map(({ name }) => name));
  const scenarioNames = choice.scenarios.flatMap((name) => GROUPS[name] ?? name);
  const chosen = (name: string): boolean => isChosen(scenarioNames, name);
  const planned = { ...choice, scenarios: scenarioNames };
  const scenarios = SCENARIOS.filter((scenario) => isPlanned(scenario, planned)).map(
    (scenario) => ({
      scenario,
      with: scenario.quick === "rivals" && quick ? rivalsOf(scenario.name) : all,
      compared: rivalsOf(scenario.name),
    }),
  );
  const compared = rivalsOf("latency");
  const rivals = new Set(["direct", ...compared]);
  const servers = new Set([...all].filter((name) => name !== "direct"));
  const none = new Set<string>();
  return {
    contenders,
    scenarios,
    latency: { with: chosen("latency") ? (quick ? rivals : all) : none, compared: rivals },
    memory: chosen("memory") || chosen("shift") ? (quick ? compared : servers) : none,
    shift: chosen("shift") ? new Set(["sluice"]) : none,
    rounds: choice.rounds ?? effort.rounds,
    repeats: effort.repeats,
    freshRounds: Math.min(effort.freshRounds, choice.rounds ?? effort.freshRounds),
    seconds: choice.seconds ?? effort.seconds,
    idleConnections: effort.idleConnections,
  };
}

function isPlanned({ name, quick }: Scenario, choice: Choice): boolean {
  // Latency is measured at half of what the main scenario found.
  if (name === MAIN_SCENARIO && choice.scenarios.includes("latency")) return true;
  if (choice.scenarios.length > 0) return choice.scenarios.includes(name);
  return !choice.quick || quick !== "no";
}

function isChosen(choice: readonly string[], name: string): boolean {
  return choice.length === 0 || choice.includes(name);
}

/** Sluice and whom the budget compares it with in a scenario, or in its latency. */
function rivalsOf(scenario: string): ReadonlySet<string> {
  const rivals = BUDGET.flatMap(({ measure }) => {
    if (measure.kind === "cpuRatio") return measure.scenario === scenario ? [measure.against] : [];
    if (measure.kind === "addedP99Ratio") return scenario === "latency" ? [measure.against] : [];
    return [];
  });
  return new Set(["sluice", ...rivals]);
}
