import type { Rows } from "./table.ts";
import { TABLES } from "./tables.ts";
import type { TableName } from "./tables.ts";

/** Which part of which table a child process is to make. */
export type PartOrder = {
  readonly name: TableName;
  readonly part: number;
  readonly rollouts: number;
};

process.once("message", ({ name, part, rollouts }: PartOrder) => {
  const made: Rows | undefined = TABLES[name].table.parts[part]?.(rollouts);
  process.send?.(made, undefined, undefined, () => process.disconnect?.());
});
