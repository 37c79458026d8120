import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { CONTENDERS } from "./contenders/table.ts";
import type { Contender } from "./contenders/contender.ts";
import { sluice } from "./contenders/sluice.ts";
import { GROWTH_MUST, SERIES } from "./growth/series.ts";
import type { Series } from "./growth/series.ts";
import { judgeGrowth } from "./growth/judge-growth.ts";
import type { Growth } from "./growth/judge-growth.ts";
import { measureSeries } from "./growth/measure-series.ts";
import type { GrowthEffort, Point } from "./growth/measure-series.ts";
import { markdownTable, numberText, spreadText } from "./report/format.ts";
import { lineChart } from "./report/line-chart.ts";
import type { ChartLine } from "./report/line-chart.ts";
import { allowedCores, shareCores } from "./system/cores.ts";
import { describeMachine } from "./system/machine.ts";
import { exitOnSignals } from "./system/spawned.ts";
import { wholeUpTo } from "./whole-up-to.ts";
import { errorText } from "../proxy/base/error-text.ts";

const MEBIBYTE = 2 ** 20;
const ROUNDS_MAX = 100;
const SECONDS_MAX = 600;

type Options = {
  readonly rounds: number;
  readonly seconds: number;
  readonly plots: string;
  readonly series: readonly string[];
  readonly contender: string;
};

type Measured = { readonly growth: Growth; readonly points: readonly Point[] };

exitOnSignals();
await new Command("bench:growth")
  .description("Measures what a request costs as the table, the endpoints or connections grow.")
  .option("--rounds <count>", "rounds", wholeUpTo(ROUNDS_MAX), 5)
  .option("--seconds <count>", "seconds of one round", wholeUpTo(SECONDS_MAX), 2)
  .option("--series <name...>", "only these", [])
  .option("--plots <folder>", "where the plots of sluice are written", "docs")
  .addOption(
    new Option("--contender <name>", "who is measured; only sluice has promised anything")
      .choices(CONTENDERS.map(({ name }) => name))
      .default("sluice"),
  )
  .action(run)
  .parseAsync();

async function run({ rounds, seconds, plots, ...chosen }: Options): Promise<void> {
  const machine = describeMachine();
  const contender = CONTENDERS.find(({ name }) => name === chosen.contender) as Contender;
  const cores = shareCores(allowedCores());
  const effort = { contender, rounds, seconds, cores, progress: console.error };
  const isOurs = contender === sluice;
  const measured: Measured[] = [];
  let isBroken = false;
  for (const series of SERIES) {
    if (chosen.series.length > 0 && !chosen.series.includes(series.dimension)) continue;
    const points = await measure(series, effort);
    const rival = isOurs ? await installed(series.rival) : undefined;
    const rivals = rival && (await measure(series, { ...effort, contender: rival }));
    const growth = judgeGrowth(series, points, rivals);
    measured.push({ growth, points });
    isBroken ||= isOurs && growth.isBroken;
  }
  const { processor, loadBefore } = machine;
  const date = new Date().toISOString().slice(0, 10);
  const where = `${processor}, ${machine.cores} processors`;
  const note = `${date}, ${where}, load average before ${loadBefore}`;
  // Requests of 30 KiB would press all other lines of a plot to its floor.
  const plotted = measured.filter(({ growth }) => growth.series.mostUs === undefined);
  if (isOurs && plotted.length > 0) await writePlots(plots, plotted, note);
  console.log(`${report(measured, isOurs)}\n\n${note}`);
  process.exitCode = isBroken ? 1 : 0;
}

async function measure(series: Series, effort: GrowthEffort): Promise<readonly Point[]> {
  return measureSeries(series, effort).catch((error: unknown) => {
    console.error(`Failed: ${series.title}: ${errorText(error)}`);
    return [];
  });
}

async function installed(name: string | undefined): Promise<Contender | undefined> {
  const contender = CONTENDERS.find((each) => each.name === name);
  return (await contender?.version()) === undefined ? undefined : contender;
}

async function writePlots(
  folder: string,
  measured: readonly Measured[],
  note: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const linesOf = (figure: (point: Point) => number): readonly ChartLine[] =>
    measured.map(({ growth, points }) => ({
      title: growth.series.title,
      points: points.map((point) => ({ x: point.size, y: figure(point) })),
    }));
  const cost = lineChart({
    title: "Processor time of one request",
    unit: "µs",
    note,
    lines: linesOf(({ cpu }) => cpu?.median ?? 0),
  });
  const memory = lineChart({
    title: "Memory of both processes",
    unit: "MiB (Pss)",
    note,
    lines: linesOf(({ idleBytes }) => idleBytes / MEBIBYTE),
  });
  await writeFile(join(folder, "growth-cost.svg"), cost);
  await writeFile(join(folder, "growth-memory.svg"), memory);
}

function report(measured: readonly Measured[], isOurs: boolean): string {
  const rows = measured.flatMap(({ growth, points }) =>
    points.map((point) => [
      `${numberText(point.size)} ${growth.series.title}`,
      spreadText(point.cpu),
      numberText(point.idleBytes / MEBIBYTE),
      numberText(point.usedBytes / MEBIBYTE),
      point === points.at(-1) ? growthText(growth, isOurs) : "",
    ]),
  );
  const head = ["size", "CPU µs a request", "MiB idle", "MiB after load", "growth"];
  return markdownTable(head, rows);
}

function growthText({ series, ratio, rivalRatio }: Growth, isOurs: boolean): string {
  const found = `${spreadText(ratio)} of ${series.from ?? series.sizes[0]}`;
  if (series.mostUs !== undefined) return `${found}, must ≤ ${numberText(series.mostUs)} µs`;
  if (series.from === undefined || !isOurs) return found;
  if (rivalRatio === undefined) return `${found}, must ≤ ${GROWTH_MUST}`;
  return `${found}, must ≤ ${GROWTH_MUST} or that of ${series.rival}: ${spreadText(rivalRatio)}`;
}
