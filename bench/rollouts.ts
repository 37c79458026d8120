import { Command, Option } from "commander";
import { markdownTable } from "./report/format.ts";
import { correlation } from "./rollouts/correlation.ts";
import { defects } from "./rollouts/defects.ts";
import { falseAborts } from "./rollouts/false-aborts.ts";
import { forecasts } from "./rollouts/forecasts.ts";
import { wholeUpTo } from "./whole-up-to.ts";

const ROLLOUTS_MAX = 1_000_000;

/** The tables, with the rollouts per row of a full run: rare events need more of them. */
const TABLES = {
  "false-aborts": { make: falseAborts, rollouts: 10_000 },
  defects: { make: defects, rollouts: 500 },
  correlation: { make: correlation, rollouts: 1_000 },
  forecasts: { make: forecasts, rollouts: 400 },
} as const;

type TableName = keyof typeof TABLES;

type Options = { readonly rollouts: number | undefined; readonly table: readonly TableName[] };

await new Command("bench:judge")
  .description("Simulates rollouts to show how well they are judged, beside the rules of others.")
  .option("--rollouts <count>", "rollouts of a row instead of its own", wholeUpTo(ROLLOUTS_MAX))
  .addOption(
    new Option("--table <name...>", "only these")
      .choices(Object.keys(TABLES))
      .default(Object.keys(TABLES)),
  )
  .action(run)
  .parseAsync();

function run({ rollouts, table }: Options): void {
  const failures: string[] = [];
  for (const name of table) {
    const { make, rollouts: own } = TABLES[name];
    const { title, head, rows, failures: broken } = make(rollouts ?? own);
    console.log(`\n### ${title}\n\n${markdownTable(head, rows)}`);
    failures.push(...broken);
  }
  for (const failure of failures) console.error(`missed: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}
