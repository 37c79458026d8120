import { z } from "zod";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { StoreError } from "../base/errors.ts";
import type { Documents, KeptDocument } from "../store/documents.ts";

/** Tries of a write while others write too. */
const TRIES_MAX = 5;

/** What a list works with. */
export type KeptListDeps = { readonly documents: Documents; readonly log: Log };

/** What a list is of. */
export type KeptListKind<Item> = {
  /** Of its document: no service's name begins with `~`. */
  readonly name: `~${string}`;
  readonly item: z.ZodType<Item>;
  /** Items at once. */
  readonly max: number;
};

/** A short list in a document of its own, beside those of services, that sidecars share. */
export class KeptList<Item> {
  readonly name: string;
  readonly #deps: KeptListDeps;
  readonly #kind: KeptListKind<Item>;
  #items: readonly Item[] = [];
  #mark: string | undefined;

  constructor(deps: KeptListDeps, kind: KeptListKind<Item>) {
    this.#deps = deps;
    this.#kind = kind;
    this.name = kind.name;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  /** Knows what is kept. One that cannot be read is empty, and that is told. */
  take(documents: ReadonlyMap<string, KeptDocument>): void {
    const kept = documents.get(this.name);
    if (kept?.mark === this.#mark) return;
    this.#mark = kept?.mark;
    try {
      this.#items = kept === undefined ? [] : this.#schema.parse(JSON.parse(kept.text)).items;
    } catch (error) {
      this.#items = [];
      this.#deps.log.warn("list.unreadable", { name: this.name, reason: errorText(error) });
    }
  }

  /** Makes it what `edit` makes of it, which may be asked again. @throws StoreError */
  async edit(edit: (items: readonly Item[]) => readonly Item[]): Promise<void> {
    const { documents } = this.#deps;
    const { name, max } = this.#kind;
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const items = edit(this.#items);
      if (items.length > max)
        throw unwritable(name, `wanted at most ${max}, found ${items.length}`);
      const text = JSON.stringify({ format: `sluice-${name.slice(1)}`, formatVersion: 1, items });
      const mark = await documents.save(name, text, this.#mark);
      if (mark !== undefined) {
        this.take(new Map([[name, { text, mark }]]));
        return;
      }
      this.take(await documents.all());
    }
    throw unwritable(name, "others write all the time");
  }

  get #schema(): z.ZodType<{ readonly items: readonly Item[] }> {
    return z.object({
      format: z.literal(`sluice-${this.name.slice(1)}`),
      formatVersion: z.literal(1),
      items: z.array(this.#kind.item),
    });
  }
}

function unwritable(name: string, why: string): StoreError {
  return new StoreError("store_unwritable", `Cannot write ${name.slice(1)}: ${why}`);
}
