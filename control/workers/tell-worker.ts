import type { Log } from "../../proxy/base/log.ts";
import type { FilterRefusalReport } from "../../proxy/table/filter-spec.ts";
import type { TableChange } from "../../proxy/table/snapshot.ts";
import { NO_TLS_MATERIAL } from "../../proxy/table/tls.ts";
import { preparationOf } from "./briefing.ts";
import type { Briefing, Chains, ComingFilters } from "./briefing.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A worker, as far as it matters here. */
type ToldWorker = Pick<WorkerProcess, "ask">;

/**
 * Tells a worker that has just started what TLS needs, intentions, the access log, what is traced,
 * the filters in force and the whole table, in this order. Never rejects: whoever relies on it asks
 * it something later, and then learns whether it has ended.
 */
export async function briefWorker(worker: ToldWorker, briefing: Briefing, log: Log): Promise<void> {
  if (briefing.tls !== NO_TLS_MATERIAL) {
    // A refusal is the worker's to repeat: it serves nobody without what its listeners name.
    void worker.ask({ kind: "tls", material: briefing.tls }).catch(() => undefined);
  }
  const { intentions } = briefing;
  if (intentions !== undefined) {
    void worker.ask({ kind: "intentions", intentions }).catch(() => undefined);
  }
  const { accessLog: spec, logLevel: level, tracing: ratio } = briefing;
  if (level !== "info") void worker.ask({ kind: "logLevel", level }).catch(() => undefined);
  if (spec !== undefined) void worker.ask({ kind: "accessLog", spec }).catch(() => undefined);
  if (ratio !== undefined) void worker.ask({ kind: "tracing", ratio }).catch(() => undefined);
  const number = briefing.filters.size === 0 ? undefined : briefing.nextNumber();
  if (number !== undefined) prepare(worker, number, briefing.filters, log);
  const question = { kind: "table", change: briefing.table, filters: number } as const;
  await worker.ask(question).catch(() => undefined);
}

/**
 * Tells a worker a change of the table and the filters that come into force with it. Resolves when
 * it acts on them, with the filters that cannot take over from their predecessors. @throws as
 * ask().
 */
export async function tellWorker(
  worker: ToldWorker,
  change: TableChange,
  filters: ComingFilters | undefined,
  log: Log,
): Promise<readonly FilterRefusalReport[]> {
  // It was on trial, or is giving its connections away: it must not have the table without filters.
  if (filters !== undefined && !filters.workers.has(worker)) {
    prepare(worker, filters.number, filters.chains, log);
  }
  const answer = await worker.ask({ kind: "table", change, filters: filters?.number });
  return answer.kind === "filters" ? answer.refusals : [];
}

/** Logs filters that come into force although they cannot be used. */
export function logRefusals(refusals: readonly FilterRefusalReport[], log: Log): void {
  for (const refusal of refusals) log.error("filter.refused", refusal);
}

/** Has a worker load filters that come into force in any case; what it refuses is logged. */
function prepare(worker: ToldWorker, number: number, chains: Chains, log: Log): void {
  const preparation = preparationOf(number, chains, false);
  void worker.ask({ kind: "prepareFilters", preparation }).then(
    (answer) => answer.kind === "filters" && logRefusals(answer.refusals, log),
    () => undefined,
  );
}
