import { correlation } from "./correlation.ts";
import { defects } from "./defects.ts";
import { falseAborts } from "./false-aborts.ts";
import { forecasts } from "./forecasts.ts";
import type { Table } from "./table.ts";

/** The tables, with the rollouts per row of a full run: rare events need more of them. */
export const TABLES = {
  "false-aborts": { table: falseAborts, rollouts: 10_000 },
  defects: { table: defects, rollouts: 500 },
  correlation: { table: correlation, rollouts: 1_000 },
  forecasts: { table: forecasts, rollouts: 400 },
} as const satisfies Readonly<Record<string, { table: Table; rollouts: number }>>;

/** A name of TABLES. */
export type TableName = keyof typeof TABLES;
