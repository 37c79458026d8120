import { z } from "zod";
import { pause } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { backOffMs } from "../consul/back-off.ts";
import { consulPath } from "../consul/client.ts";
import { deleteKey, getKey, getKeys, putKey } from "../consul/kv.ts";
import type { WatchDeps } from "../consul/watch.ts";
import type { Audit } from "../records/audit.ts";
import { headOf } from "../records/audit-entry.ts";
import type { Events } from "../records/events.ts";
import { REVISION_MAX } from "./table-document.ts";
import type { Asker } from "../table/table-sink.ts";

/** Least time between notes: a burst of changes is noted at its beginning and its end. */
const NOTE_EVERY_MS = 200;

/** How often a note is written again without a change, to show that it is still in use. */
const REFRESH_MS = 24 * 3_600_000;

/** Age from which on a note's sidecar is taken not to come back. */
const LIFE_MS = 90 * REFRESH_MS;

/** Old notes deleted at once: more than become old in a day, without a long wait. */
const SWEEP_MAX = 64;

/** Longest value that is read: three times what we write. */
const VALUE_LENGTH_MAX = 2_048;

const headSchema = z.object({
  sequence: z.int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

const noteSchema = headSchema.extend({
  /** The latest revision that the sidecar has had: see RevisionWitness. */
  revision: z.int().min(0).max(REVISION_MAX).default(0),
  time: z.iso.datetime(),
  lost: z.object({ noted: headSchema, reason: z.string(), time: z.iso.datetime() }).optional(),
});

type Note = z.output<typeof noteSchema>;

/** What a note works with. */
export type AuditNoteDeps = WatchDeps & { readonly log: Log; readonly events: Events };

/** Whose log it is. */
export type AuditNotePlace = {
  /** As the store's. */
  readonly prefix: string;
  /** The same after a restart. */
  readonly sidecar: string;
  /** The revision that is in force. 0: none is yet. */
  readonly revision: () => number;
};

/**
 * Notes the end of this sidecar's audit log in Consul, under `PREFIX/audit/SIDECAR`, which outlives
 * the process. Whoever cuts off the end of the log or rewrites it would have to change the note
 * too, or the next start notices. What was noticed stays on the note, as a problem, until somebody
 * accepts it. Serving never waits for any of this.
 */
export class AuditNote {
  readonly #deps: AuditNoteDeps;
  readonly #prefix: string;
  readonly #key: string;
  readonly #audit: Audit;
  readonly #revision: () => number;
  /** The revision in the last note. */
  #notedRevision = 0;
  #lost: Note["lost"];
  #wake: () => void = () => undefined;

  constructor(deps: AuditNoteDeps, place: AuditNotePlace, audit: Audit) {
    this.#deps = deps;
    this.#prefix = `${place.prefix}/audit/`;
    this.#key = `${this.#prefix}${consulPath(place.sidecar)}`;
    this.#audit = audit;
    this.#revision = place.revision;
  }

  /** How the log differs from what was noted. undefined: it does not, or that was accepted. */
  get problem(): string | undefined {
    if (this.#lost === undefined) return undefined;
    const { reason, time } = this.#lost;
    const advice = "if you know why, `sluice audit --accept` ends this";
    return `The audit log is not what Consul has noted of it: ${reason} (${time}); ${advice}`;
  }

  /**
   * Compares the log with the note, and then keeps the note up to date until the signal is aborted.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#untilDone(() => this.#compare(), signal);
    this.#audit.onAppended = () => this.#wake();
    let isSwept = false;
    while (!signal.aborted) {
      const due = new AbortController();
      this.#wake = () => due.abort();
      await this.#untilDone(() => this.#write(), signal);
      if (!isSwept) await this.#sweep().catch((error: unknown) => this.#warn(error));
      await pause(this.#deps.clock, NOTE_EVERY_MS, signal);
      await pause(this.#deps.clock, REFRESH_MS, AbortSignal.any([due.signal, signal]));
      isSwept = due.signal.aborted;
    }
  }

  /**
   * Ends the problem, and records that in the log. false: there was none.
   * @throws AuditError when the entry cannot be written.
   */
  async accept({ actor, reason }: Asker, revision: number): Promise<boolean> {
    const lost = this.#lost;
    if (lost === undefined) return false;
    const { head: after } = this.#audit;
    const fact = { actor, action: "audit-accept", service: "", reason, revision };
    await this.#audit.append({ ...fact, before: lost.noted, after });
    this.#lost = undefined;
    this.#deps.log.info("audit.accepted", { actor, reason });
    this.#deps.events.emit({ kind: "audit-mismatch", problem: undefined });
    this.#wake();
    return true;
  }

  async #compare(): Promise<void> {
    const note = await this.#read();
    if (note === undefined) return;
    this.#notedRevision = note.revision;
    const reason = await this.#audit.contradiction(note);
    const found =
      reason === undefined ? undefined : { noted: headOf(note), reason, time: this.#now() };
    // The first difference is the one to look into.
    this.#lost = note.lost ?? found;
    if (this.#lost === undefined) return;
    this.#deps.log.error("audit.mismatch", { reason: reason ?? this.#lost.reason, key: this.#key });
    this.#deps.events.emit({ kind: "audit-mismatch", problem: this.problem });
  }

  async #read(): Promise<Note | undefined> {
    const entry = await getKey(this.#deps.client, this.#key);
    if (entry === undefined) return undefined;
    const note = readNote(entry.value);
    if (note === undefined) this.#deps.log.warn("audit.note_unreadable", { key: this.#key });
    return note;
  }

  async #write(): Promise<void> {
    const { head } = this.#audit;
    // A log that is unreadable or empty is not noted.
    if (head === undefined || head.sequence === 0) return;
    const revision = Math.max(this.#notedRevision, this.#revision());
    const note: Note = { ...head, revision, time: this.#now(), lost: this.#lost };
    await putKey(this.#deps.client, this.#key, JSON.stringify(note));
  }

  /** Deletes notes of sidecars that do not come back, such as those in containers. */
  async #sweep(): Promise<void> {
    const { client, clock } = this.#deps;
    const notes = await getKeys(client, this.#prefix);
    const old = notes.filter(({ value }) => {
      const note = readNote(value);
      return note !== undefined && clock.wallMs() - Date.parse(note.time) > LIFE_MS;
    });
    for (const { key } of old.slice(0, SWEEP_MAX)) await deleteKey(client, key);
  }

  /** Tries until it works; of failures in a row the first is logged. */
  async #untilDone(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await work();
      } catch (error) {
        if (failures === 1) this.#warn(error);
        await pause(this.#deps.clock, backOffMs(failures, this.#deps.random), signal);
      }
    }
  }

  #now(): string {
    return new Date(this.#deps.clock.wallMs()).toISOString();
  }

  #warn(error: unknown): void {
    this.#deps.log.warn("audit.not_noted", { key: this.#key, error: errorText(error) });
  }
}

/** undefined: it is not one of ours. */
function readNote(value: string): Note | undefined {
  if (value.length > VALUE_LENGTH_MAX) return undefined;
  try {
    return noteSchema.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}
