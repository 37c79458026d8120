import type { Documents, KeptDocument } from "./documents.ts";
import { untilAborted } from "./until-aborted.ts";

/** Documents that live as long as the process, or go on with the one that takes its place. */
export class MemoryDocuments implements Documents {
  readonly #kept: Map<string, KeptDocument>;
  #saves = 0;

  /** `before`: those of the process whose place this one takes. */
  constructor(before: ReadonlyMap<string, KeptDocument> = new Map()) {
    this.#kept = new Map(before);
  }

  all(): Promise<ReadonlyMap<string, KeptDocument>> {
    return Promise.resolve(new Map(this.#kept));
  }

  save(name: string, text: string, mark: string | undefined): Promise<string | undefined> {
    if (this.#kept.get(name)?.mark !== mark) return Promise.resolve(undefined);
    this.#saves = Math.max(this.#saves, Number(mark ?? 0)) + 1;
    this.#kept.set(name, { text, mark: String(this.#saves) });
    return Promise.resolve(String(this.#saves));
  }

  follow(_onChange: unknown, signal: AbortSignal): Promise<void> {
    return untilAborted(signal);
  }
}
