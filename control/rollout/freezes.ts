import { z } from "zod";
import type { Clock } from "../../proxy/base/clock.ts";
import { ValidationError } from "../base/errors.ts";
import type { Asker } from "../table/table-sink.ts";
import { KeptList } from "./kept-list.ts";
import type { KeptListDeps } from "./kept-list.ts";

/** Freezes at once: one for each of many services, and one for all. */
const FREEZES_MAX = 256;

const freezeSchema = z.object({
  /** undefined: all services. */
  service: z.string().optional(),
  untilMs: z.number(),
  sinceMs: z.number(),
  actor: z.string(),
  reason: z.string().optional(),
});

/** Until when a service's weights stay as they are, who said so, and why. Times: Unix epoch. */
export type Freeze = Readonly<z.output<typeof freezeSchema>>;

/** Times in which weights stay as they are. An abort may always change them. */
export class Freezes {
  readonly kept: KeptList<Freeze>;
  readonly #clock: Clock;

  constructor(deps: KeptListDeps & { readonly clock: Clock }) {
    this.kept = new KeptList(deps, { name: "~freezes", item: freezeSchema, max: FREEZES_MAX });
    this.#clock = deps.clock;
  }

  /** Those that have not ended. */
  list(): readonly Freeze[] {
    return this.kept.items.filter((each) => this.#isOn(each));
  }

  /** The one that a service is under, or all are. undefined: none. */
  of(service: string): Freeze | undefined {
    const mine = this.list().filter((each) => (each.service ?? service) === service);
    return mine.toSorted((one, other) => other.untilMs - one.untilMs)[0];
  }

  /**
   * Begins one, in the place of one of the same service.
   * @throws StoreError, ValidationError for a time that is over
   */
  async add(service: string | undefined, untilMs: number, by: Asker): Promise<Freeze> {
    const sinceMs = this.#clock.wallMs();
    if (untilMs <= sinceMs) {
      const found = new Date(untilMs).toISOString();
      throw new ValidationError("the body", [{ path: "until", wanted: "a time to come", found }]);
    }
    const freeze: Freeze = { ...(service !== undefined && { service }), untilMs, sinceMs, ...by };
    await this.kept.edit((all) => [...this.#others(all, service), freeze]);
    return freeze;
  }

  /** Ends one. false: there was none. @throws StoreError */
  async end(service: string | undefined): Promise<boolean> {
    const isThere = this.list().some((each) => each.service === service);
    if (isThere) await this.kept.edit((all) => this.#others(all, service));
    return isThere;
  }

  #isOn({ untilMs }: Freeze): boolean {
    return untilMs > this.#clock.wallMs();
  }

  #others(all: readonly Freeze[], service: string | undefined): readonly Freeze[] {
    return all.filter((each) => this.#isOn(each) && each.service !== service);
  }
}
