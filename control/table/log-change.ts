import type { Log } from "../../proxy/base/log.ts";
import type { AuditHead } from "../records/audit-entry.ts";
import { changesText } from "./document-changes.ts";
import type { Write, Written } from "./table-write.ts";

/** One line that says all of it, for whoever has only the log. */
export function logChange(
  log: Log,
  { action, context }: Write,
  { before, after, names, warnings }: Written,
  head: AuditHead | undefined,
): void {
  const { actor, reason, force } = context;
  log.info("table.changed", {
    revision: after.revision,
    action,
    actor,
    reason,
    forced: force === true ? true : undefined,
    changes: changesText(before, after, names),
    warnings: warnings.length === 0 ? undefined : warnings.map(({ text }) => text).join("; "),
    audit: head && `${head.sequence}:${head.hash}`,
  });
}
