import { BUDGET } from "../budget.ts";
import { cpuByRound, latencySpread, loadSpread } from "../figures.ts";
import { judge } from "../judge.ts";
import type { Judgement } from "../judge.ts";
import type { Results } from "../results.ts";
import { MAIN_SCENARIO, SCENARIOS } from "../scenarios.ts";
import { ratioSpread, spreadOf } from "../statistics.ts";
import { NOTHING, markdownTable, numberText, spreadText } from "./format.ts";

/** Whom the report compares everybody with. */
const YARDSTICKS = ["nginx", "haproxy", "undici"] as const;
const KIBIBYTE = 2 ** 10;
const MEBIBYTE = 2 ** 20;
const VERDICTS = {
  aim: "aim reached",
  must: "kept",
  missed: "**missed**",
  shown: "for comparison",
  absent: "not measured",
};

/** The report of one run, for people. */
export function markdownReport(results: Results): string {
  const parts = [
    machineText(results),
    "### Budget",
    budgetTable(judge(BUDGET, results)),
    "### A small GET through each proxy",
    mainTable(results),
    "### Processor time a request, by kind of traffic (µs)",
    scenarioTable(results),
    "### Contenders",
    contenderTable(results),
  ];
  return `${parts.join("\n\n")}\n`;
}

function machineText(results: Results): string {
  const { machine, startedAt, command, origin, stolenShare } = results;
  const memory = numberText(machine.memoryBytes / 2 ** 30);
  const stolen = `${(stolenShare * 100).toFixed(1)} %`;
  const load = `load average before the run ${machine.loadBefore}`;
  const noise = `${load}, stolen by the hypervisor ${stolen}`;
  const size = `${machine.cores} processors, ${memory} GiB`;
  const what = `${machine.processor}, ${size}; ${machine.kernel}; Node ${machine.node}`;
  return `\`${command}\`, ${startedAt.slice(0, 16)}Z. ${what}.
Origin: ${origin === "" ? NOTHING : origin}. Noise: ${noise}.
Each figure is the median of the rounds with its range; ratios are taken round by round.`;
}

function budgetTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ row, found, verdict }) => {
    const unit = { "×": 1, MiB: MEBIBYTE, KiB: KIBIBYTE, ms: 1 }[row.unit];
    const bound = (value: number | undefined): string =>
      value === undefined ? NOTHING : `${numberText(value / unit)} ${row.unit}`;
    return [row.what, bound(row.must), bound(row.aim), spreadText(found, unit), VERDICTS[verdict]];
  });
  return markdownTable(["what", "must", "aim", "found", "verdict"], rows);
}

function mainTable(results: Results): string {
  const names = Object.keys(results.contenders);
  const rows = names.map((name) => [
    name,
    ...cpuCells(results, name),
    ...YARDSTICKS.map((yardstick) => cpuRatioText(results, name, yardstick)),
    spreadText(loadSpread(results, name, MAIN_SCENARIO, ({ perSecond }) => perSecond)),
    ...latencyCells(results, name),
    ...memoryCells(results, name),
  ]);
  const head = ["proxy", "CPU µs", "of it user", ...YARDSTICKS.map((name) => `against ${name}`)];
  const latency = ["at req/s", "p50 µs", "p99 µs", "p99.9 µs"];
  return markdownTable([...head, "req/s", ...latency, "Pss MiB", "KiB a connection"], rows);
}

function cpuCells(results: Results, name: string): readonly string[] {
  if (name === "direct") return [NOTHING, NOTHING];
  const total = spreadOf([...cpuByRound(results, name, MAIN_SCENARIO).values()]);
  const user = loadSpread(results, name, MAIN_SCENARIO, ({ userUs }) => userUs);
  return [spreadText(total), spreadText(user)];
}

function cpuRatioText(results: Results, name: string, yardstick: string): string {
  const own = cpuByRound(results, name, MAIN_SCENARIO);
  const ratio = ratioSpread(own, cpuByRound(results, yardstick, MAIN_SCENARIO));
  return ratio === undefined || name === "direct" ? NOTHING : numberText(ratio.median);
}

function latencyCells(results: Results, name: string): readonly string[] {
  const figures = ["requestsPerSecond", "p50Us", "p99Us", "p999Us"] as const;
  return figures.map((figure) => spreadText(latencySpread(results, name, figure)));
}

function memoryCells(results: Results, name: string): readonly string[] {
  const own = results.memory.filter(({ contender }) => contender === name);
  const idle = spreadOf(own.map(({ idleBytes }) => idleBytes));
  const connection = spreadOf(own.map(({ perConnectionBytes }) => perConnectionBytes));
  return [spreadText(idle, MEBIBYTE), spreadText(connection, KIBIBYTE)];
}

function scenarioTable(results: Results): string {
  const names = Object.keys(results.contenders).filter((name) => name !== "direct");
  const measured = SCENARIOS.filter(({ name }) =>
    results.loads.some(({ scenario }) => scenario === name),
  );
  const rows = measured.map(({ name: scenario, title }) => [
    title,
    ...names.map((name) => scenarioCell(results, name, scenario)),
  ]);
  return markdownTable(["traffic", ...names], rows);
}

/** Cost, and in brackets how many requests failed. */
function scenarioCell(results: Results, name: string, scenario: string): string {
  const cost = spreadOf([...cpuByRound(results, name, scenario).values()]);
  const errors = results.loads
    .filter((load) => load.contender === name && load.scenario === scenario)
    .reduce((sum, load) => sum + load.errors, 0);
  const text = cost === undefined ? NOTHING : numberText(cost.median);
  return errors === 0 ? text : `${text} [${errors} errors]`;
}

function contenderTable(results: Results): string {
  const present = Object.entries(results.contenders).map(([name, { version, how }]) => [
    name,
    version,
    how,
  ]);
  const missing = results.missing.map(({ contender, why }) => [contender, NOTHING, why]);
  return markdownTable(["name", "version", "how"], [...present, ...missing]).replace(
    "---:|---:|",
    "---|---|",
  );
}
