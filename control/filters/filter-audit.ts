import type { Log } from "../../proxy/base/log.ts";
import { appendFact } from "../records/append-fact.ts";
import type { Audit } from "../records/audit.ts";
import type { AuditFact } from "../records/audit-entry.ts";
import type { Events } from "../records/events.ts";
import type { FilterWrite, WriteContext } from "../table/table-sink.ts";
import type { Chains } from "../workers/briefing.ts";
import type { FilterChange, FilterCodeName } from "./filter-changes.ts";
import { changesBetween } from "./filter-changes.ts";

/** Whose code it is when nobody wrote it here: the stored table, or another sidecar's. */
const FROM_TABLE: Pick<WriteContext, "actor" | "reason"> = { actor: "table", reason: undefined };

/** Where it is recorded which code runs. */
export type FilterAuditDeps = {
  readonly audit: Audit;
  readonly events: Events;
  readonly log: Log;
};

/** A change of filters that is under way or has been made. */
export type FilterChangeSet = {
  /** What runs until then. */
  readonly before: Chains;
  readonly after: Chains;
  readonly write: FilterWrite | undefined;
  /** The table's revision that brings it. */
  readonly revision: number;
};

/**
 * Records that code is about to be loaded. It comes before the code can run: even if the workers
 * refuse it, and whatever it does when it is evaluated, the log names it and who brought it.
 */
export async function recordLoad(deps: FilterAuditDeps, set: FilterChangeSet): Promise<void> {
  for (const change of changesBetween(set.before, set.after)) {
    if (change.is?.hash !== undefined) await append(deps, "filter-load", change, set);
  }
}

/** Reports what has come into force; the audit log only knows what somebody wrote. */
export async function recordReplaced(deps: FilterAuditDeps, set: FilterChangeSet): Promise<void> {
  for (const change of changesBetween(set.before, set.after)) {
    const { service, filter, was, is } = change;
    deps.events.emit({ kind: "filter", services: [service], filter, before: was, after: is });
    deps.log.info("filter.replaced", { service, filter, before: was?.hash, after: is?.hash });
    if (set.write !== undefined) await append(deps, "filter", change, set);
  }
}

async function append(
  deps: FilterAuditDeps,
  action: string,
  { service, filter, was, is }: FilterChange,
  { write, revision }: FilterChangeSet,
): Promise<void> {
  const { actor, reason } = write?.context ?? FROM_TABLE;
  const fact = { actor, action, service, reason, revision };
  const codes = { before: named(filter, was), after: named(filter, is) };
  if (await appendFact(deps, { ...fact, ...codes })) return;
  deps.events.emit({ kind: "audit-failed", services: [service], revision });
}

function named(filter: string, code: FilterCodeName | undefined): AuditFact["before"] {
  return code && { filter, ...code };
}
