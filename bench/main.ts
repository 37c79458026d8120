import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command, Option } from "commander";
import { BUDGET } from "./budget.ts";
import type { Contender } from "./contenders/contender.ts";
import { CONTENDERS } from "./contenders/table.ts";
import { judge } from "./judge.ts";
import { GROUPS, OTHER_MEASUREMENTS, planFor } from "./plan.ts";
import type { Choice } from "./plan.ts";
import { markdownReport } from "./report/markdown.ts";
import type { Missing, Results } from "./results.ts";
import { SCENARIOS } from "./scenarios.ts";
import { Suite } from "./suite.ts";
import { allowedCores, shareCores } from "./system/cores.ts";
import { wholeUpTo } from "./whole-up-to.ts";
import { exitOnSignals } from "./system/spawned.ts";
import { describeMachine, machineTime, stolenShare } from "./system/machine.ts";

type Options = {
  readonly quick: boolean;
  readonly scenario: readonly string[];
  readonly contender: readonly string[];
  readonly rounds?: number;
  readonly seconds?: number;
  readonly json?: string;
  readonly markdown?: string;
};

type Installed = { readonly contender: Contender; readonly version: string };

/** Above these a run would take hours by mistake. */
const ROUNDS_MAX = 100;
const SECONDS_MAX = 600;

const program = new Command("bench")
  .description("Measures Sluice against what people would use instead.")
  .option("--quick", "the main figures, in less than two minutes", false)
  .addOption(
    namesOption("--scenario <name...>", "only these", [
      ...SCENARIOS.map(({ name }) => name),
      ...OTHER_MEASUREMENTS,
      ...Object.keys(GROUPS),
    ]),
  )
  .addOption(
    namesOption(
      "--contender <name...>",
      "only these",
      CONTENDERS.map(({ name }) => name),
    ),
  )
  .option("--rounds <count>", "rounds of each measurement", wholeUpTo(ROUNDS_MAX))
  .option("--seconds <count>", "seconds of one round", wholeUpTo(SECONDS_MAX))
  .option("--json <file>", "write everything that was measured")
  .option("--markdown <file>", "write the report (default: print it)")
  .action(run);

exitOnSignals();
await program.parseAsync();

async function run(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const { installed, missing } = await lookForContenders(options.contender);
  const choice: Choice = {
    quick: options.quick,
    scenarios: options.scenario,
    contenders: options.contender,
    rounds: options.rounds,
    seconds: options.seconds,
  };
  const measurements = planFor(
    choice,
    installed.map(({ contender }) => contender),
  );
  const cores = shareCores(allowedCores());
  const before = machineTime();
  const found = await new Suite({ ...measurements, cores, progress: console.error }).run();
  const results: Results = {
    ...found,
    startedAt,
    machine,
    stolenShare: stolenShare(before, machineTime()),
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    contenders: Object.fromEntries(
      installed.map(({ contender: { name, how }, version }) => [name, { version, how }]),
    ),
    missing: [...missing, ...found.missing],
  };
  await report(results, options);
}

/** Which contenders are installed, and which are not: those are named in the report. */
async function lookForContenders(
  chosen: readonly string[],
): Promise<{ readonly installed: readonly Installed[]; readonly missing: readonly Missing[] }> {
  const wanted = CONTENDERS.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
  const looked = await Promise.all(
    wanted.map(async (contender) => ({ contender, version: await contender.version() })),
  );
  const installed = looked.flatMap(({ contender, version }) =>
    version === undefined ? [] : [{ contender, version }],
  );
  const missing = looked
    .filter(({ version }) => version === undefined)
    .map(({ contender: { name, getIt } }) => ({
      contender: name,
      why: `not there: \`${getIt}\``,
    }));
  return { installed, missing };
}

async function report(results: Results, options: Options): Promise<void> {
  const markdown = markdownReport(results);
  if (options.json !== undefined) await write(options.json, JSON.stringify(results, undefined, 2));
  if (options.markdown === undefined) console.log(markdown);
  else await write(options.markdown, markdown);
  const broken = failures(results);
  for (const line of broken) console.error(line);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

/** Why the run has failed: a promise that was not kept, or a Sluice that did not do its job. */
function failures(results: Results): readonly string[] {
  const missed = judge(BUDGET, results)
    .filter(({ verdict }) => verdict === "missed")
    .map(({ row, found }) => `Missed: ${row.what}: ${found?.median} is above ${row.must}`);
  const wrong = [...results.loads, ...results.latencies]
    .filter(({ contender, errors }) => contender === "sluice" && errors > 0)
    .map(({ errors, round }) => `Failed: ${errors} requests of sluice in round ${round}`);
  const absent = results.missing
    .filter(({ contender }) => contender === "sluice")
    .map(({ why }) => `Failed: sluice did not run: ${why}`);
  return [...missed, ...wrong, ...absent];
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function namesOption(flags: string, description: string, names: readonly string[]): Option {
  return new Option(flags, description).choices(names).default([], "all");
}
