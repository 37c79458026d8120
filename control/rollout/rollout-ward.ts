import type { WriteContext } from "../table/table-sink.ts";
import { changesWeights } from "../table/ward.ts";
import type { WardedChange, Ward } from "../table/ward.ts";
import { FrozenError, ServiceOwnedError } from "./rollout-errors.ts";
import { ownsWeights } from "./rollout.ts";
import type { RolloutStore } from "./rollout-store.ts";
import type { Rollout } from "./rollout.ts";

/** Lets go of a rollout's service, on behalf of whoever asks. */
export type Release = (rollout: Rollout, context: WriteContext) => Promise<void>;

/** Keeps weights that are a rollout's from being changed by others. */
export class RolloutWard implements Ward {
  readonly #store: RolloutStore;
  #release: Release = () => Promise.resolve();

  constructor(store: RolloutStore) {
    this.#store = store;
  }

  /** How to let go: whoever leads rollouts knows, and is there only after the table. */
  onTakeOver(release: Release): void {
    this.#release = release;
  }

  admit(change: WardedChange, context: WriteContext): void {
    this.#refuseFrozen(change, context);
    const owner = this.#ownerOf(change, context);
    if (owner === undefined || context.takeOver === true) return;
    throw new ServiceOwnedError(change.service, owner.id, owner.actor);
  }

  async yield(change: WardedChange, context: WriteContext): Promise<void> {
    const owner = this.#ownerOf(change, context);
    if (owner !== undefined) await this.#release(owner, context);
  }

  /** Only what gives traffic back is forced by a rollout. */
  #refuseFrozen(change: WardedChange, { rollout, force }: WriteContext): void {
    const isBack = rollout !== undefined && force === true;
    const freeze = isBack ? undefined : this.#store.freezes.of(change.service);
    if (freeze !== undefined && changesWeights(change)) {
      throw new FrozenError(change.service, freeze);
    }
  }

  /** The rollout whose weights somebody else changes. undefined: none. */
  #ownerOf(change: WardedChange, { rollout }: WriteContext): Rollout | undefined {
    const latest = this.#store.latest(change.service);
    if (latest === undefined || latest.id === rollout || !ownsWeights(latest)) return undefined;
    return changesWeights(change) ? latest : undefined;
  }
}
