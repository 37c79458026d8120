import { errorText } from "../../proxy/base/error-text.ts";
import { ControlError } from "../base/errors.ts";
import type { AutomaticService, AutomaticTable } from "./automatic-table.ts";
import { beginRollout } from "./begin-rollout.ts";
import type { BeginDeps } from "./begin-rollout.ts";
import { newcomerOf } from "./newcomers.ts";
import { specOf } from "./plan.ts";
import { stableOf } from "./stable-of.ts";

/** How long what there is has to show before all of it counts as old. */
const SETTLE_MS = 30_000;

/** What beginning rollouts works with. */
export type AutomaticDeps = BeginDeps & { readonly automatic: AutomaticTable };

/**
 * Begins a rollout when a service that wants that has a new version, once for each version: what
 * has ever had one, or traffic, is not new, whatever became of it. What stands against one now is
 * waited for.
 */
export class AutomaticStart {
  readonly #deps: AutomaticDeps;
  /** When each service was first seen, in the clock's nowMs. */
  readonly #sinceMs = new Map<string, number>();
  /** What was said last of each service. */
  readonly #told = new Map<string, string>();

  constructor(deps: AutomaticDeps) {
    this.#deps = deps;
  }

  /** Whether somebody has to look. */
  get isWanted(): boolean {
    return this.#deps.automatic.isWanted;
  }

  /** Looks at all services once. @throws StoreError */
  async look(): Promise<void> {
    for (const each of this.#deps.automatic.all()) await this.#lookAt(each);
  }

  async #lookAt(found: AutomaticService): Promise<void> {
    const { store, clock } = this.#deps;
    const { service } = found;
    const nowMs = clock.nowMs();
    const sinceMs = this.#sinceMs.get(service) ?? nowMs;
    this.#sinceMs.set(service, sinceMs);
    const seen = store.seenVersions.of(service);
    const rolledOut = this.#rolledOut(service);
    const answer = newcomerOf({ ...found, seen, rolledOut }, nowMs - sinceMs >= SETTLE_MS);
    if (answer.kind === "note") await store.seenVersions.add(service, answer.versions);
    if (answer.kind === "begin") await this.#begin(found, answer.version);
  }

  #rolledOut(service: string): readonly string[] {
    const all = this.#deps.store.all().find(({ latest }) => latest.spec.service === service);
    const rollouts = all === undefined ? [] : [all.latest, ...all.past];
    return rollouts.flatMap(({ spec }) => [spec.from, spec.to]);
  }

  async #begin({ service, how }: AutomaticService, version: string): Promise<void> {
    const { store, table, automatic, log } = this.#deps;
    const by = { actor: "automatic", reason: `${version} has appeared` };
    try {
      const why = automatic.whyNot(service, version);
      if (why !== undefined) return this.#refused(service, version, why);
      await automatic.add(service, version, by);
      const request = { service, to: version, ...how };
      const { from } = stableOf(request, table);
      await beginRollout(this.#deps, specOf(request, from), by);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return this.#refused(service, version, errorText(error));
    }
    this.#told.delete(service);
    log.info("rollout.automatic", { service, version });
    await store.seenVersions.add(service, [version]);
  }

  /** It is tried again with each look; that is said once. */
  #refused(service: string, version: string, reason: string): void {
    const said = `${version}: ${reason}`;
    if (this.#told.get(service) === said) return;
    this.#told.set(service, said);
    this.#deps.log.warn("rollout.not-begun", { service, version, reason });
  }
}
