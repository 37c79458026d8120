import { advance } from "../../../control/rollout/advance.ts";
import { shareWanted } from "../../../control/rollout/group.ts";
import { reconcile, reconcileAlone } from "../../../control/rollout/reconcile.ts";
import type { Decision } from "../../../control/rollout/decision.ts";
import type { Observation, OldEndpoint } from "../../../control/rollout/observation.ts";
import {
  wantedCopies,
  wantedDrains,
  wantedMatch,
  wantedShare,
} from "../../../control/rollout/rollout.ts";
import type { Rollout } from "../../../control/rollout/rollout.ts";
import { weightsAt } from "../../../control/rollout/rollout-weights.ts";
import type { VersionWeights } from "../../../control/rollout/rollout-weights.ts";
import { decideVerb } from "../../../control/rollout/verbs.ts";
import type { Verb } from "../../../control/rollout/verbs.ts";
import { sightOf } from "./specs.ts";

/** A store and a table around a rollout, and a controller that can die between the two. */
export class RolloutWorld {
  rollout: Rollout;
  table: VersionWeights;
  /** What the rollout's own route matches. */
  route: string | undefined;
  /** What the rollout's own mirror copies. */
  copies: string | undefined;
  /** The old version's endpoints. undefined: nobody asks for them. */
  old: readonly OldEndpoint[] | undefined;
  /** Endpoints of the canary that can take requests. */
  fresh = 1;
  /** Endpoints of the old version that could after an abort. */
  back = 1;
  revision = 1;
  nowMs = 0;
  /** It dies when it has stored the next decision, before the table is written. */
  crashAtNextWrite = false;
  readonly #shares = new Set<number>([0]);

  constructor(rollout: Rollout) {
    this.rollout = rollout;
    this.table = rollout.before;
  }

  /** Weights of all steps that there were. */
  named(): readonly VersionWeights[] {
    const { before, spec } = this.rollout;
    return [...this.#shares].map((share) => weightsAt(before, spec, share));
  }

  /** One look, and what follows. Gives what was decided, and why if that is to wait. */
  tick(seen: Partial<Observation>): string {
    const decision = reconcile(this.rollout, this.#sight(seen), this.nowMs);
    this.#carryOut(decision);
    return decision.kind === "settle" ? "settle" : `${decision.kind} ${decision.why.rule}`;
  }

  /** Looks again until nothing follows. Gives the kinds of what was decided. */
  settle(seen: Partial<Observation>): string {
    const kinds: string[] = [];
    for (let looks = 0; looks < 20; looks += 1) {
      const { kind } = reconcile(this.rollout, this.#sight(seen), this.nowMs);
      if (kind === "hold") break;
      kinds.push(kind);
      this.tick(seen);
    }
    return kinds.join(" ");
  }

  ask(verb: Verb, full = false, rampMs?: number): void {
    const options = { actor: "ann", reason: undefined, full, rampMs };
    const answer = decideVerb(verb, this.rollout, options, this.nowMs);
    if (answer.kind === "decided") this.#carryOut(answer.decision);
  }

  /** What it wants at its next look by itself. */
  wants(seen: Partial<Observation>): number | undefined {
    return shareWanted(reconcileAlone(this.rollout, this.#sight(seen), this.nowMs));
  }

  #sight(seen: Partial<Observation>): Observation {
    const sight = sightOf(this.table, this.revision, seen);
    const { route, copies, old, fresh: canaryEndpoints } = this;
    const table = { ...(old && { old }), canaryEndpoints, backEndpoints: this.back, route, copies };
    return { ...sight, table: sight.table && { ...sight.table, ...table } };
  }

  #drain(): void {
    const drains = wantedDrains(this.rollout);
    if (drains === undefined) return;
    this.old = this.old?.map((each) => {
      if (!drains.addresses.includes(each.address)) return each;
      return { ...each, state: drains.state, usable: drains.state === "ready" };
    });
  }

  #carryOut(decision: Decision): void {
    this.rollout = advance(this.rollout, decision, { nowMs: this.nowMs });
    this.#shares.add(wantedShare(this.rollout));
    if (this.rollout.settled) return;
    if (this.crashAtNextWrite) {
      this.crashAtNextWrite = false;
      return;
    }
    this.#drain();
    const wanted = weightsAt(this.rollout.before, this.rollout.spec, wantedShare(this.rollout));
    const [match, copied] = [wantedMatch(this.rollout), wantedCopies(this.rollout)];
    const [route, copies] = [match && JSON.stringify(match), copied && JSON.stringify(copied)];
    const before = JSON.stringify([this.table, this.route, this.copies]);
    if (JSON.stringify([wanted, route, copies]) === before) return;
    [this.table, this.route, this.copies] = [wanted, route, copies];
    this.revision += 1;
  }
}
