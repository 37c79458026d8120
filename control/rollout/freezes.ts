import { z } from "zod";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { StoreError } from "../base/errors.ts";
import type { Documents, KeptDocument } from "../store/documents.ts";
import type { Asker } from "../table/table-sink.ts";

/** Beside those of services, none of which begins so. */
export const FREEZES_NAME = "~freezes";

/** Freezes at once: one for each of many services, and one for all. */
const FREEZES_MAX = 256;

/** Tries of a write while others write too. */
const TRIES_MAX = 5;

const freezeSchema = z.object({
  /** undefined: all services. */
  service: z.string().optional(),
  untilMs: z.number(),
  sinceMs: z.number(),
  actor: z.string(),
  reason: z.string().optional(),
});

const documentSchema = z.object({
  format: z.literal("sluice-freezes"),
  formatVersion: z.literal(1),
  freezes: z.array(freezeSchema),
});

/** Until when a service's weights stay as they are, who said so, and why. Times: Unix epoch. */
export type Freeze = Readonly<z.output<typeof freezeSchema>>;

/** What freezes work with. */
export type FreezesDeps = {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly log: Log;
};

/** Times in which weights stay as they are. An abort may always change them. */
export class Freezes {
  readonly #deps: FreezesDeps;
  #all: readonly Freeze[] = [];
  #mark: string | undefined;

  constructor(deps: FreezesDeps) {
    this.#deps = deps;
  }

  /** Those that have not ended. */
  list(): readonly Freeze[] {
    const nowMs = this.#deps.clock.wallMs();
    return this.#all.filter(({ untilMs }) => untilMs > nowMs);
  }

  /** The one that a service is under, or all are. undefined: none. */
  of(service: string): Freeze | undefined {
    const mine = this.list().filter((each) => (each.service ?? service) === service);
    return mine.toSorted((one, other) => other.untilMs - one.untilMs)[0];
  }

  /** Knows what is kept. One that cannot be read freezes nothing, and is told. */
  take(documents: ReadonlyMap<string, KeptDocument>): void {
    const kept = documents.get(FREEZES_NAME);
    if (kept?.mark === this.#mark) return;
    this.#mark = kept?.mark;
    try {
      this.#all = kept === undefined ? [] : documentSchema.parse(JSON.parse(kept.text)).freezes;
    } catch (error) {
      this.#all = [];
      this.#deps.log.warn("freezes.unreadable", { reason: errorText(error) });
    }
  }

  /** Begins one, in the place of one of the same service. @throws StoreError */
  async add(service: string | undefined, untilMs: number, by: Asker): Promise<Freeze> {
    const sinceMs = this.#deps.clock.wallMs();
    const freeze: Freeze = { ...(service !== undefined && { service }), untilMs, sinceMs, ...by };
    await this.#write((all) => [...all.filter((each) => each.service !== service), freeze]);
    return freeze;
  }

  /** Ends one. false: there was none. @throws StoreError */
  async end(service: string | undefined): Promise<boolean> {
    const isThere = this.list().some((each) => each.service === service);
    if (isThere) await this.#write((all) => all.filter((each) => each.service !== service));
    return isThere;
  }

  async #write(edit: (all: readonly Freeze[]) => readonly Freeze[]): Promise<void> {
    const { documents } = this.#deps;
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const freezes = edit(this.list());
      if (freezes.length > FREEZES_MAX) {
        const why = `wanted at most ${FREEZES_MAX}, found ${freezes.length}`;
        throw new StoreError("store_unwritable", `Cannot write freezes: ${why}`);
      }
      const text = JSON.stringify({ format: "sluice-freezes", formatVersion: 1, freezes });
      const mark = await documents.save(FREEZES_NAME, text, this.#mark);
      if (mark !== undefined) {
        this.take(new Map([[FREEZES_NAME, { text, mark }]]));
        return;
      }
      this.take(await documents.all());
    }
    throw new StoreError("store_unwritable", "Cannot write freezes: others write all the time");
  }
}
