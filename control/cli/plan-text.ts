import type { Plan } from "../api/plan.ts";
import { percentText, tableText, withWarnings } from "./output.ts";

/** What a change would do, in columns. */
export function planText(plan: Plan): string {
  const head = ["VERSION", "SHARE", "", "KEYS LOST", "GAINED", "TUNNELS TO MOVE", "OPEN EXPECTED"];
  const rows = Object.entries(plan.versions).map(([version, each]) => [
    version,
    percentText(each.share.before),
    `-> ${percentText(each.share.after)}`,
    each.keys === undefined ? "-" : percentText(each.keys.lost),
    each.keys === undefined ? "-" : percentText(each.keys.gained),
    `${each.tunnels.toMigrate} of ${each.tunnels.open}`,
    Math.round(each.capacity.inFlightExpected),
  ]);
  return withWarnings(tableText(head, rows), plan);
}
