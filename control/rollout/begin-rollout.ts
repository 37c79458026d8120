import { errorText } from "../../proxy/base/error-text.ts";
import { HandingOverError, IncompatibleError } from "../base/errors.ts";
import type { Asker } from "../table/table-sink.ts";
import { carryOut, tell } from "./carry-out.ts";
import type { CarryOutDeps } from "./carry-out.ts";
import { FrozenError, RolloutStartError } from "./rollout-errors.ts";
import { hasEnded, newRollout } from "./rollout.ts";
import type { Rollout, RolloutSpec, RolloutStage } from "./rollout.ts";
import type { RolloutStore } from "./rollout-store.ts";
import type { RolloutTable } from "./rollout-table.ts";
import type { RolloutAsking } from "./rollout-asking.ts";
import { stableOf } from "./stable-of.ts";

/** Rollouts that may be under way at once: each costs a look at all counters a second. */
const ROLLOUTS_MAX = 32;

/**
 * Stores a new rollout, unless something stands against it.
 * @throws UnknownServiceError, UnknownVersionError, RolloutStartError, FrozenError, StoreError,
 *   HandingOverError
 */
export async function beginRollout(
  deps: BeginDeps,
  spec: RolloutSpec,
  by: Asker,
): Promise<Rollout> {
  return beginOne(deps, prepared(deps, spec, by), by);
}

/**
 * The same for several services that go on in lock-step: all begin, or none. Gives the first one.
 * @throws as beginRollout()
 */
export async function beginGroup(
  deps: BeginDeps,
  specs: readonly [RolloutSpec, ...RolloutSpec[]],
  by: Asker,
): Promise<Rollout> {
  const services = specs.map(({ service }) => service);
  const id = `${services[0]}-${deps.clock.wallMs().toString(36)}`;
  const all = specs.map((spec) => prepared(deps, { ...spec, group: { id, services } }, by));
  const begun: Rollout[] = [];
  try {
    for (const rollout of all) begun.push(await beginOne(deps, rollout, by));
  } catch (error) {
    const why = { rule: "group", text: errorText(error) };
    for (const rollout of begun) {
      await carryOut(deps, { rollout, decision: { kind: "abort", why }, by });
    }
    throw error;
  }
  return begun[0] as Rollout;
}

function prepared(deps: BeginDeps, spec: RolloutSpec, by: Asker): Rollout {
  const { store, table, clock } = deps;
  const { service } = spec;
  assertOurs(table);
  assertFree(store, service);
  assertFits(deps, spec);
  const { before, revision } = stableOf(spec, table);
  const nowMs = clock.wallMs();
  const id = `${service}-${nowMs.toString(36)}`;
  return newRollout(spec, { id, ...by, before, revision, nowMs });
}

async function beginOne(deps: CarryOutDeps, rollout: Rollout, by: Asker): Promise<Rollout> {
  if (!(await deps.store.save(rollout))) {
    const { service } = rollout.spec;
    throw new RolloutStartError(service, "no other one of it", "one that has just begun");
  }
  await tell(deps, rollout, by);
  return rollout;
}

/** What beginning one works with. */
export type BeginDeps = CarryOutDeps & { readonly asking: RolloutAsking };

/** @throws RolloutStartError */
function assertFits({ store, table, asking }: BeginDeps, spec: RolloutSpec): void {
  const { service } = spec;
  const unknown = asking.unknownOf(spec);
  if (unknown !== undefined) {
    const wanted = "hooks and metrics of `rollouts` in the configuration file";
    throw new RolloutStartError(service, wanted, unknown);
  }
  const active = store.all().filter(({ latest }) => !hasEnded(latest)).length;
  if (active >= ROLLOUTS_MAX) {
    throw new RolloutStartError(service, `fewer than ${ROLLOUTS_MAX} under way`, `${active}`);
  }
  const flaws = spec.forced === true ? [] : table.incompatibilities(spec);
  if (flaws.length > 0) throw new IncompatibleError(flaws);
  assertRoutable(table, spec);
}

/** Whether requests can be picked and copied, where the plan asks for that. */
function assertRoutable(table: RolloutTable, { service, stages }: RolloutSpec): void {
  const has = (kind: RolloutStage["kind"]): boolean => stages.some((each) => each.kind === kind);
  const unpicked = has("headerRoute") ? table.whyNotPicked(service) : undefined;
  if (unpicked !== undefined) {
    const wanted = "requests, and less than half of the routes that may be, for setHeaderRoute";
    throw new RolloutStartError(service, wanted, unpicked);
  }
  const uncopied = has("mirror") ? table.whyNotCopied(service) : undefined;
  if (uncopied === undefined) return;
  throw new RolloutStartError(service, "requests, and no `mirror` of its own", uncopied);
}

/** Whether nothing keeps its weights as they are. @throws FrozenError, RolloutStartError */
export function assertFree(store: RolloutStore, service: string): void {
  assertNotFrozen(store, service);
  const running = store.latest(service);
  if (running === undefined || (hasEnded(running) && running.settled)) return;
  const found = `${running.id}, which is ${running.phase}: promote or abort it first`;
  throw new RolloutStartError(service, "no other one of it", found);
}

/** Whether weights may be changed now. @throws FrozenError */
export function assertNotFrozen({ freezes }: Pick<RolloutStore, "freezes">, service: string): void {
  const freeze = freezes.of(service);
  if (freeze !== undefined) throw new FrozenError(service, freeze);
}

/** Whether the table is not about to be another process's. @throws HandingOverError */
export function assertOurs({ isHeld }: RolloutTable): void {
  if (isHeld) throw new HandingOverError();
}
