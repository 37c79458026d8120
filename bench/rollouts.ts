import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { markdownTable } from "./report/format.ts";
import type { PartOrder } from "./rollouts/part-child.ts";
import type { Rows } from "./rollouts/table.ts";
import { TABLES } from "./rollouts/tables.ts";
import type { TableName } from "./rollouts/tables.ts";
import { wholeUpTo } from "./whole-up-to.ts";

const ROLLOUTS_MAX = 1_000_000;

const PART_CHILD = new URL("./rollouts/part-child.ts", import.meta.url);

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

async function run({ rollouts, table }: Options): Promise<void> {
  const failures: string[] = [];
  for (const name of table) {
    const { table: made, rollouts: own } = TABLES[name];
    const count = rollouts ?? own;
    const parts = await partsOf(name, made.parts.length, count);
    const rows = parts.flatMap((each) => each.rows);
    console.log(`\n### ${made.title(count)}\n\n${markdownTable(made.head, rows)}`);
    failures.push(...parts.flatMap((each) => each.failures));
  }
  for (const failure of failures) console.error(`missed: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

/** All parts of a table, as many at a time as there are processors; the last are the longest. */
async function partsOf(name: TableName, parts: number, rollouts: number): Promise<readonly Rows[]> {
  const made: Rows[] = [];
  let next = parts;
  const work = async (): Promise<void> => {
    while (next > 0) {
      next -= 1;
      const part = next;
      made[part] = await inChild({ name, part, rollouts });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return made;
}

/** Fails when the child ends without an answer. */
async function inChild(order: PartOrder): Promise<Rows> {
  const child = fork(PART_CHILD);
  child.send(order);
  const [rows] = await Promise.race([once(child, "message"), once(child, "exit")]);
  if (typeof rows === "object" && rows !== null) return rows as Rows;
  throw new Error(`A part of ${order.name} could not be made`);
}
