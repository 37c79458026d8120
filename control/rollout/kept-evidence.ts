import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Documents } from "../store/documents.ts";
import { decodeEvidence, encodeEvidence } from "./evidence-note.ts";
import type { EvidenceNote } from "./evidence-note.ts";
import type { Rollout } from "./rollout.ts";

/**
 * Largest document, in bytes: with 16 endpoints and 16 routes some 40 KiB. Consul takes 512 KiB.
 */
export const EVIDENCE_BYTES_MAX = 128 * 1024;

/** How long a store may take; then it hangs. */
const STORE_WITHIN_MS = 2_000;

/** What stands in the place of evidence that nobody needs any more. */
const NOTHING = "{}";

/**
 * What was seen of rollouts, kept where whoever leads next finds it: a document for each service.
 * It is an aid: without it evidence begins anew, so nothing fails because of it.
 */
export class KeptEvidence {
  readonly #documents: Documents | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  /** By service. */
  readonly #marks = new Map<string, string>();
  readonly #busy = new Set<string>();
  #failure = "";

  /** `documents` undefined: none is kept, as the log of decisions is found again. */
  constructor(
    documents: Documents | undefined,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#documents = documents;
    this.#clock = clock;
    this.#log = log;
  }

  /** What was last kept of a rollout. undefined: nothing that can be used. Never rejects. */
  async of({ id, spec }: Rollout): Promise<EvidenceNote | undefined> {
    const text = await this.#withinTime(() => this.#read(spec.service));
    const note = text === undefined ? undefined : decodeEvidence(text, spec);
    return note?.id === id ? note : undefined;
  }

  /** Keeps what `note` gives, unless that is under way already. Never rejects. */
  async keep(service: string, note: () => EvidenceNote): Promise<void> {
    if (this.#documents === undefined || this.#busy.has(nameOf(service))) return;
    const text = encodeEvidence(note());
    const bytes = Buffer.byteLength(text);
    if (bytes <= EVIDENCE_BYTES_MAX) return this.#write(service, text);
    this.#tell(`wanted at most ${EVIDENCE_BYTES_MAX} bytes, found ${bytes}`);
  }

  /** Nobody will go on with it. Never rejects. */
  async drop(service: string): Promise<void> {
    if (this.#marks.has(nameOf(service))) await this.#write(service, NOTHING);
  }

  async #write(service: string, text: string): Promise<void> {
    const name = nameOf(service);
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    await this.#withinTime(async () => {
      const mark = await this.#documents?.save(name, text, this.#marks.get(name));
      if (mark !== undefined) this.#marks.set(name, mark);
      // Somebody else has led meanwhile: the next one is written over theirs.
      else await this.#read(service);
    });
    this.#busy.delete(name);
  }

  async #read(service: string): Promise<string | undefined> {
    const name = nameOf(service);
    const kept = (await this.#documents?.all())?.get(name);
    if (kept === undefined) this.#marks.delete(name);
    else this.#marks.set(name, kept.mark);
    return kept?.text;
  }

  /** undefined: it failed, or hangs. */
  async #withinTime<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const done = await orLate(work(), STORE_WITHIN_MS, this.#clock, () => {
        throw new Error("the store hangs");
      });
      this.#failure = "";
      return done;
    } catch (error) {
      this.#tell(errorText(error));
      return undefined;
    }
  }

  /** Says it once, however often it fails. */
  #tell(reason: string): void {
    if (reason !== this.#failure) this.#log.warn("rollout.evidence-not-kept", { reason });
    this.#failure = reason;
  }
}

/** No service's name begins with `~`: it may stand beside rollouts. */
function nameOf(service: string): string {
  return `~evidence-${service}`;
}
