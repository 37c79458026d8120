import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import { KeptList } from "./kept-list.ts";
import type { KeptListDeps } from "./kept-list.ts";
import { areInForce } from "./rollout-weights.ts";
import type { VersionWeights } from "./rollout-weights.ts";

/** Shifts that wait for somebody to confirm them: one of a service. */
const TRIALS_MAX = 256;

const weights = z.record(z.string(), z.int().min(0));

const trialSchema = z.object({
  service: z.string(),
  /** What was last confirmed, and what is tried. */
  before: weights,
  after: weights,
  /** When it is taken back, in milliseconds since the Unix epoch. */
  dueMs: z.number(),
  actor: z.string(),
});

/** A shift that is taken back unless somebody confirms it in time. */
export type Trial = Readonly<z.output<typeof trialSchema>>;

/** All of them, also those of processes that are gone. */
export class Trials {
  readonly kept: KeptList<Trial>;
  readonly #clock: Clock;

  constructor(deps: KeptListDeps & { readonly clock: Clock }) {
    this.kept = new KeptList(deps, { name: "~trials", item: trialSchema, max: TRIALS_MAX });
    this.#clock = deps.clock;
  }

  /** Those whose time is over. */
  due(): readonly Trial[] {
    return this.kept.items.filter(({ dueMs }) => dueMs <= this.#clock.wallMs());
  }

  /**
   * Begins one, before its shift. What nobody has confirmed yet is taken back with it.
   * @throws StoreError
   */
  async begin(trial: Omit<Trial, "dueMs">, forMs: number): Promise<Trial> {
    const pending = this.#of(trial.service);
    const goesOn = pending !== undefined && areInForce(pending.after, trial.before);
    const before: VersionWeights = goesOn ? pending.before : trial.before;
    const begun = { ...trial, before, dueMs: this.#clock.wallMs() + forMs };
    await this.kept.edit((all) => [...all.filter(isNotOf(trial.service)), begun]);
    return begun;
  }

  /** Ends the one of a service: it is confirmed, or has been taken back. @throws StoreError */
  async end(service: string): Promise<boolean> {
    const isThere = this.#of(service) !== undefined;
    if (isThere) await this.kept.edit((all) => all.filter(isNotOf(service)));
    return isThere;
  }

  /** The one of a service. undefined: there is none, or others than its weights are `found`. */
  inForce(service: string, found: VersionWeights): Trial | undefined {
    const trial = this.#of(service);
    return trial !== undefined && areInForce(trial.after, found) ? trial : undefined;
  }

  #of(service: string): Trial | undefined {
    return this.kept.items.find((each) => each.service === service);
  }
}

function isNotOf(service: string): (trial: Trial) => boolean {
  return (trial) => trial.service !== service;
}
