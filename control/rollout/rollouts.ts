import { orLate } from "../../proxy/base/deadline.ts";
import { Serial } from "../base/serial.ts";
import type { Asker } from "../table/table-sink.ts";
import { appendFact } from "../records/append-fact.ts";
import {
  assertFree,
  assertNotFrozen,
  assertOurs,
  beginGroup,
  beginRollout,
} from "./begin-rollout.ts";
import { carryOut } from "./carry-out.ts";
import { explainRollout } from "./explain.ts";
import type { Decision } from "./decision.ts";
import type { Freeze } from "./freezes.ts";
import type { LiveView } from "./led-rollout.ts";
import { isShown } from "./is-shown.ts";
import { Lookout } from "./lookout.ts";
import type { LookoutDeps } from "./lookout.ts";
import { specOf } from "./plan.ts";
import { RolloutVerbError, UnknownRolloutError } from "./rollout-errors.ts";
import type { Rollout, RolloutSpec } from "./rollout.ts";
import type { RolloutRequest } from "./rollout-schema.ts";
import type { RolloutTable } from "./rollout-table.ts";
import { siblingsOf } from "./siblings.ts";
import { stableOf } from "./stable-of.ts";
import type { Trial } from "./trials.ts";
import { decideVerb } from "./verbs.ts";
import type { Verb, VerbOptions } from "./verbs.ts";

/** How long a start waits for a store that hangs: it is read again and again anyway. */
const LOAD_WITHIN_MS = 2_000;

/** Decisions that may wait for each other: looks, and what people ask for. */
const WAITING_MAX = 64;

/** Tries of what somebody asks for, while somebody else decides too. */
const TRIES_MAX = 5;

/** What people may do while weights are frozen. */
const FROZEN_MAY: ReadonlySet<string> = new Set(["abort", "retreat", "pause"]);

/** All rollouts: those that are led here, and every way to ask for something. */
export class Rollouts {
  readonly #deps: LookoutDeps;
  readonly #serial = new Serial(WAITING_MAX);
  readonly #ended = new AbortController();
  readonly #lookout: Lookout;
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: LookoutDeps) {
    this.#deps = deps;
    this.#lookout = new Lookout(deps, this.#serial);
  }

  /** Goes on with what is stored. Resolves when that is known, or cannot be for now. */
  async start(): Promise<void> {
    this.#looking = this.#lookout.run(this.#ended.signal);
    await orLate(this.#lookout.tried, LOAD_WITHIN_MS, this.#deps.clock, () => undefined);
  }

  /** Ends looking; what has been decided stays. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#deps.asking.close();
    await this.#looking;
    await this.#serial.idle();
  }

  /** Of all services, the latest first. */
  list(): readonly Rollout[] {
    const all = this.#deps.store.all().flatMap(({ latest, past }) => [latest, ...past]);
    return all.toSorted((one, other) => other.startedMs - one.startedMs);
  }

  /** The latest of each service whose weights there are. */
  latest(): readonly Rollout[] {
    const { store, table } = this.#deps;
    const latest = store.all().map((each) => each.latest);
    return latest.filter(({ spec }) => table.weights(spec.service) !== undefined);
  }

  /** @throws UnknownRolloutError */
  get(id: string): Rollout {
    const found = this.#deps.store.find(id);
    if (found === undefined) throw new UnknownRolloutError(id);
    return found;
  }

  /** What whoever leads it knows beside. undefined: it is not led here. */
  live(id: string): LiveView | undefined {
    return this.#lookout.live(id);
  }

  /** One in sentences with its numbers. @throws UnknownRolloutError */
  explain(id: string): readonly string[] {
    const rollout = this.get(id);
    const live = this.live(rollout.id);
    const forecast = this.#lookout.forecast(rollout);
    return explainRollout(rollout, live && { live, forecast });
  }

  /**
   * Begins one: the first look follows within a second.
   * @throws UnknownServiceError, UnknownVersionError, RolloutStartError, StoreError
   */
  begin(request: RolloutRequest, by: Asker): Promise<Rollout> {
    return this.#serial.run(async () => {
      const { group = [], ...first } = request;
      const [spec, ...others] = [first, ...group].map((each) => {
        assertFree(this.#deps.store, each.service);
        const { from } = stableOf(each, this.#deps.table);
        return specOf({ ...first, ...each }, from);
      });
      return this.#begin(spec as RolloutSpec, others, by);
    });
  }

  /** The same again, from the beginning. @throws RolloutVerbError, and as begin() */
  retry(id: string, by: Asker): Promise<Rollout> {
    return this.#serial.run(async () => {
      const rollout = this.get(id);
      const { spec, phase } = rollout;
      if (phase !== "aborted") throw new RolloutVerbError("retry", id, "an aborted one", phase);
      if (spec.forced === true && by.reason === undefined) {
        throw new RolloutVerbError("retry", id, "a reason, as it was forced", "none");
      }
      const others = siblingsOf(this.#deps.store, rollout).map((each) => each.spec);
      if (others.length + 1 < (spec.group?.services.length ?? 1)) {
        const found = "others that have been rolled out since";
        throw new RolloutVerbError("retry", id, "all of its group", found);
      }
      return this.#begin(spec, others, by);
    });
  }

  /**
   * Does what somebody asks of a rollout, and gives it as it is then. An abort needs neither a
   * leader nor counts. @throws UnknownRolloutError, RolloutVerbError, StoreError, as every write
   */
  act(id: string, verb: Verb, options: VerbOptions): Promise<Rollout> {
    const acting = (): Promise<Rollout> => this.#actAll(id, verb, options);
    // What is under way may wait for a store that hangs, and is overtaken.
    return verb === "abort" || verb === "undo" ? acting() : this.#serial.run(acting);
  }

  #begin(spec: RolloutSpec, others: readonly RolloutSpec[], by: Asker): Promise<Rollout> {
    if (others.length === 0) return beginRollout(this.#deps, spec, by);
    return beginGroup(this.#deps, [spec, ...others], by);
  }

  /** Of a group all do the same; one that cannot any more stays as it is. */
  async #actAll(id: string, verb: Verb, options: VerbOptions): Promise<Rollout> {
    const others = siblingsOf(this.#deps.store, this.get(id));
    const first = await this.#act(id, verb, options);
    const acts = others.map((each) => {
      return this.#act(each.id, verb, options).catch((error: unknown) => {
        if (!(error instanceof RolloutVerbError)) throw error;
      });
    });
    await Promise.all(acts);
    return first;
  }

  async #act(id: string, verb: Verb, options: VerbOptions): Promise<Rollout> {
    const { store, table } = this.#deps;
    assertOurs(table);
    for (let tries = 1; ; tries += 1) {
      const rollout = this.get(id);
      const answer = decideVerb(verb, rollout, options, this.#deps.clock.wallMs());
      if (answer.kind === "done") return rollout;
      if (answer.kind === "refused") {
        throw new RolloutVerbError(verb, id, answer.wanted, answer.found);
      }
      const { decision } = answer;
      if (!FROZEN_MAY.has(decision.kind)) assertNotFrozen(store, rollout.spec.service);
      assertPossible(table, { verb, rollout, decision });
      const { actor, reason } = options;
      const done = await carryOut(this.#deps, { rollout, decision, by: { actor, reason } });
      if (verb === "undo" && done !== undefined) this.#lookout.undone(done);
      if (done !== undefined || tries === TRIES_MAX) return this.get(id);
    }
  }

  /** Lets go of a service that somebody takes over, before they write it. */
  async release(rollout: Rollout, by: Asker): Promise<void> {
    const text = by.reason === undefined ? `by ${by.actor}` : `by ${by.actor}: ${by.reason}`;
    const decision = { kind: "release", why: { rule: "taken-over", text } } as const;
    // Not in turn: a decision that waits for the table would wait for this, which waits for it.
    await carryOut(this.#deps, { rollout, decision, by });
  }

  /** Those that have not ended. */
  freezes(): readonly Freeze[] {
    return this.#deps.store.freezes.list();
  }

  /** Keeps weights as they are until then; an abort may change them. @throws StoreError */
  async freeze(service: string | undefined, untilMs: number, by: Asker): Promise<Freeze> {
    const freeze = await this.#deps.store.freezes.add(service, untilMs, by);
    await tellFreeze(this.#deps, { service, untilMs }, by);
    return freeze;
  }

  /** Ends one. false: there was none. @throws StoreError */
  async thaw(service: string | undefined, by: Asker): Promise<boolean> {
    const isThere = await this.#deps.store.freezes.end(service);
    if (isThere) await tellFreeze(this.#deps, { service, untilMs: undefined }, by);
    return isThere;
  }

  /**
   * Shifts, and has that taken back after `forMs` unless it is confirmed: by whoever leads then,
   * also if this process has died. `after`: the weights that the shift leads to.
   * @throws StoreError, and what `shift` throws
   */
  async tryShift<Result>(
    trial: Omit<Trial, "dueMs" | "before">,
    forMs: number,
    shift: () => Promise<Result>,
  ): Promise<Result> {
    const { store, table } = this.#deps;
    const before = table.weights(trial.service)?.weights ?? {};
    await store.trials.begin({ ...trial, before }, forMs);
    try {
      return await shift();
    } catch (error) {
      await store.trials.end(trial.service);
      throw error;
    }
  }

  /** The shift that will be taken back. undefined: there is none. */
  trial(service: string): Trial | undefined {
    const seen = this.#deps.table.weights(service);
    return seen && this.#deps.store.trials.inForce(service, seen.weights);
  }

  /** Keeps what a shift has tried. false: nothing waits for that. @throws StoreError */
  confirm(service: string): Promise<boolean> {
    return this.#deps.store.trials.end(service);
  }
}

/** Tells that a freeze has begun or, without `untilMs`, been ended. */
async function tellFreeze(
  deps: Pick<LookoutDeps, "events" | "audit" | "log" | "table">,
  { service, untilMs }: { readonly [Field in "service" | "untilMs"]: Freeze[Field] | undefined },
  by: Asker,
): Promise<void> {
  const until = untilMs === undefined ? undefined : new Date(untilMs).toISOString();
  const services = service === undefined ? [] : [service];
  deps.events.emit({ kind: "freeze", services, until, ...by });
  const revision = (service && deps.table.weights(service)?.revision) || 0;
  const action = until === undefined ? "thaw" : "freeze";
  const fact = { action, service: service ?? "", before: undefined, after: { until }, revision };
  await appendFact(deps, { ...by, ...fact });
}

type Wish = { readonly verb: Verb; readonly rollout: Rollout; readonly decision: Decision };

/**
 * What is undone needs the old version, and bit by bit from other weights could give the canary
 * more. @throws RolloutVerbError
 */
function assertPossible(table: RolloutTable, { verb, rollout, decision }: Wish): void {
  const { service, from } = rollout.spec;
  const { weights = {} } = table.weights(service) ?? {};
  if (verb === "undo" && !Object.hasOwn(weights, from)) {
    const found = "none: make it again, or shift to another one";
    throw new RolloutVerbError(verb, rollout.id, `version ${from} of ${service}`, found);
  }
  if (decision.kind !== "retreat") return;
  const seen = table.sight(rollout.spec);
  if (seen !== undefined && isShown(rollout, seen)) return;
  const wanted = "its own weights in force, or no ramp";
  throw new RolloutVerbError(verb, rollout.id, wanted, "weights of somebody else");
}
