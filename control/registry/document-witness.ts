import { z } from "zod";
import type { Log } from "../../proxy/base/log.ts";
import { KeptCopy } from "../consul/kept-copy.ts";

/** Documents that are remembered: one of each service, and some lists. */
const NAMES_MAX = 4_096;

const keptSchema = z.record(z.string(), z.int().min(0));

const headSchema = z.strictObject({ writing: z.int().min(1) });

/**
 * Remembers the latest writing of each signed document that this sidecar has had, so that nobody
 * who may write to KV can put an older one back: its signature is still good. What it remembers is
 * on disk, if copies are kept; who has never seen a document cannot know.
 */
export class DocumentWitness {
  readonly #copy: KeptCopy<z.output<typeof keptSchema>>;
  readonly #writings = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  #loading: Promise<void> | undefined;

  /** `path`: of the copy; undefined: none is kept. */
  constructor(path: string | undefined, log: Log) {
    this.#copy = new KeptCopy(path, keptSchema, log);
  }

  /** Knows what an earlier process has had. Never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** The text with the number of its next writing before it: what is signed. */
  numbered(name: string, text: string): string {
    return `${JSON.stringify({ writing: (this.#writings.get(name) ?? 0) + 1 })}\n${text}`;
  }

  /**
   * The text of what numbered() has made, which is known as the latest from now on. undefined: it
   * is older than one that was here.
   */
  admit(name: string, numbered: string): string | undefined {
    const end = numbered.indexOf("\n");
    const { writing, text } = readWriting(numbered.slice(0, end), numbered.slice(end + 1));
    const latest = this.#writings.get(name) ?? 0;
    if (writing < latest) return undefined;
    if (latest === 0 && this.#writings.size >= NAMES_MAX) return text;
    this.#texts.set(name, text);
    this.#writings.set(name, writing);
    if (writing > latest) this.#copy.save(Object.fromEntries(this.#writings));
    return text;
  }

  /** The latest text of a document that this process has had. undefined: it has had none. */
  latest(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** Resolves when everything is on disk. */
  settled(): Promise<void> {
    return this.#copy.settled();
  }

  async #load(): Promise<void> {
    const kept = (await this.#copy.load()) ?? {};
    for (const [name, writing] of Object.entries(kept).slice(0, NAMES_MAX)) {
      this.#writings.set(name, Math.max(writing, this.#writings.get(name) ?? 0));
    }
  }
}

/** A document that does not say which writing it is counts as the oldest. */
function readWriting(head: string, text: string): { writing: number; text: string } {
  try {
    return { writing: headSchema.parse(JSON.parse(head)).writing, text };
  } catch {
    return { writing: 0, text };
  }
}
