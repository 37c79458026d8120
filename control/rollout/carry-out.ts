import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import type { Log } from "../../proxy/base/log.ts";
import { RevisionConflictError, StoreError } from "../base/errors.ts";
import { appendFact } from "../records/append-fact.ts";
import type { Audit } from "../records/audit.ts";
import type { Events } from "../records/events.ts";
import type { Asker } from "../table/table-sink.ts";
import { advance } from "./advance.ts";
import { isShown } from "./is-shown.ts";
import type { Decision } from "./decision.ts";
import { isRetreatLate } from "./retreat.ts";
import type { RolloutStore } from "./rollout-store.ts";
import { STORE_WITHIN_MS } from "./rollout-table.ts";
import type { RolloutTable } from "./rollout-table.ts";
import { wantedShare } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** What carrying out a decision works with. */
export type CarryOutDeps = {
  readonly store: RolloutStore;
  readonly table: RolloutTable;
  readonly audit: Audit;
  readonly events: Events;
  readonly clock: Clock;
  readonly log: Log;
};

/** Decisions after which a rollout is where it was. */
const QUIET: ReadonlySet<Decision["kind"]> = new Set(["settle", "apply"]);

/** A decision about a rollout. `by` absent: the rollout's own. */
export type DecisionAbout = {
  readonly rollout: Rollout;
  readonly decision: Decision;
  readonly by?: Asker | undefined;
};

/**
 * Stores what a decision makes of a rollout, then writes the table, then looks whether it shows. A
 * process that dies between any two of them leaves a rollout that the next look finishes.
 * undefined: somebody else has decided meanwhile. @throws StoreError, and as every write
 */
export async function carryOut(
  deps: CarryOutDeps,
  decided: DecisionAbout,
): Promise<Rollout | undefined> {
  const { rollout, decision, by } = decided;
  const { table, clock } = deps;
  // Seen before the decision is stored: who writes in between is found out by the revision.
  const seen = table.sight(rollout.spec);
  const next = advance(rollout, decision, { nowMs: clock.wallMs(), by: by?.actor });
  if (next !== rollout) {
    if (!(await save(deps, next, rollout))) return undefined;
    if (!QUIET.has(decision.kind)) await tell(deps, next, by);
  }
  if (next.settled) return next;
  try {
    // What is not stored could be lost: the next look tries again.
    if (!(await table.write(next, seen))) return next;
  } catch (error) {
    // The next look decides by what others have written.
    if (error instanceof RevisionConflictError) return next;
    throw error;
  }
  return settle(deps, next);
}

/**
 * Stores aborts that could not be stored when they were asked for. Who has led such a rollout on
 * meanwhile, without knowing, is overruled. @throws StoreError, and as every write
 */
export async function saveUnsaved(deps: CarryOutDeps): Promise<void> {
  const { store } = deps;
  for (const rollout of store.unsaved) {
    if (await store.save(rollout, rollout)) continue;
    const latest = store.latest(rollout.spec.service);
    if (latest?.id !== rollout.id || latest.phase === "aborted") {
      store.forget(rollout.spec.service);
      continue;
    }
    const decision = { kind: "abort", why: rollout.why } as const;
    await carryOut(deps, { rollout: latest, decision });
  }
}

/**
 * Ends retreats whose time is long over: whoever should lead them may be gone, or cannot be told.
 * What cannot be stored is in force here all the same. @throws as every write
 */
export async function endLateRetreats(deps: CarryOutDeps): Promise<void> {
  const nowMs = deps.clock.wallMs();
  for (const { latest: rollout } of deps.store.all()) {
    if (!isRetreatLate(rollout, nowMs)) continue;
    await carryOut(deps, { rollout, decision: { kind: "abort", why: rollout.why } });
  }
}

/** Tells that a rollout has begun or moved on. */
export async function tell(
  deps: CarryOutDeps,
  rollout: Rollout,
  by: Asker | undefined,
): Promise<void> {
  const { id, spec, phase, why } = rollout;
  const { service } = spec;
  const share = wantedShare(rollout);
  const about = { rollout: id, phase, share, ...why };
  deps.events.emit({ kind: "rollout", services: [service], ...about });
  deps.log.info("rollout.decided", { service, ...about });
  if (by === undefined) return;
  const revision = deps.table.sight(spec)?.revision ?? 0;
  const after = { rollout: id, phase, share, rule: why.rule };
  await appendFact(deps, { ...by, action: "rollout", service, before: undefined, after, revision });
}

/** Reads back. What cannot be told now, the next look tells. */
async function settle(deps: CarryOutDeps, rollout: Rollout): Promise<Rollout> {
  const seen = deps.table.sight(rollout.spec);
  if (seen === undefined || !isShown(rollout, seen)) return rollout;
  const { revision } = seen;
  const decision = { kind: "settle", revision, why: rollout.why } as const;
  const next = advance(rollout, decision, { nowMs: deps.clock.wallMs() });
  return (await save(deps, next, rollout)) ? next : overtaken(deps, rollout);
}

/**
 * An abort has come from elsewhere while the table was written: if it found the table as it should
 * be, and wrote nothing, this write came after it.
 */
async function overtaken({ store, table }: CarryOutDeps, rollout: Rollout): Promise<Rollout> {
  const latest = store.latest(rollout.spec.service);
  const isAborted = latest?.id === rollout.id && latest.phase === "aborted";
  if (isAborted) await table.write(latest, undefined);
  return rollout;
}

/** An abort must not wait for a store: it is stored as soon as that can be written. */
async function save(deps: CarryOutDeps, rollout: Rollout, base: Rollout): Promise<boolean> {
  const { store, clock, log } = deps;
  if (rollout.phase !== "aborted") return store.save(rollout, base);
  try {
    return await orLate(store.save(rollout, base), STORE_WITHIN_MS, clock, () => {
      throw new StoreError("store_unwritable", "The store hangs");
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.warn("rollout.unsaved", { rollout: rollout.id, reason: error.message });
    store.keep(rollout);
    return true;
  }
}
