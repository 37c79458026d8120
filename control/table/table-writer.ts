import { appendFact } from "../records/append-fact.ts";
import type { Audit } from "../records/audit.ts";
import { differencesBetween } from "../records/differences.ts";
import { readService } from "../config/read-service.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import {
  changeBetween,
  isSameService,
  NO_TABLE,
  readTable,
  storedForm,
  withDocuments,
} from "./desired-table.ts";
import type { DesiredTable } from "./desired-table.ts";
import {
  HandingOverError,
  NoSigningKeyError,
  NotInForceError,
  RevisionConflictError,
  StoreError,
  UnknownServiceError,
} from "../base/errors.ts";
import { Serial } from "../base/serial.ts";
import { Guard } from "./guard.ts";
import { logChange } from "./log-change.ts";
import type { Judged, Surroundings } from "./guard.ts";
import { refuseWrongKinds } from "./listened-kinds.ts";
import type { Store, StoredTable } from "../store/store.ts";
import { TableFollower } from "./table-follower.ts";
import { TableInForce } from "./table-in-force.ts";
import type { TableInForceDeps } from "./table-in-force.ts";
import type { PreparedChange } from "./table-sink.ts";
import type { Write, Written } from "./table-write.ts";
import { changesOf } from "./ward.ts";
import type { Ward } from "./ward.ts";

/** Writes that may wait or run at once. People and rollouts write one at a time. */
export const WRITES_WAITING_MAX = 64;

/**
 * Most tries of a write for any revision while other sidecars write too. Whenever one loses,
 * another wins, so somebody always makes progress.
 */
const SAVE_TRIES_MAX = 5;

/** A write that has not been judged yet. `names`: the services to warn of. */
type Planned = Judged & { readonly changed: readonly string[] };

/** What a table writer works with. */
export type TableWriterDeps = TableInForceDeps & {
  readonly store: Store;
  readonly audit: Audit;
  /** What a write may break. Absent: nothing is known of that, and no write is refused for it. */
  readonly around?: Surroundings | undefined;
  /** Who looks after services. Absent: nobody does. */
  readonly ward?: Ward | undefined;
};

/**
 * Keeps the table, the store and the workers in step.
 *
 * Writes run one at a time: validate, compare the revision, save, apply, audit, report. Until the
 * save has succeeded, an error leaves everything as it was. After that the store is the truth: if a
 * worker does not follow in time, the write stands and NotInForceError says so.
 */
export class TableWriter {
  /** What is in force, and what it was before. */
  readonly current: TableInForce;
  readonly #deps: TableWriterDeps;
  readonly #serial = new Serial(WRITES_WAITING_MAX);
  readonly #follower: TableFollower;
  readonly #guard: Guard;
  /** Somebody else is about to take the table over. */
  #held = false;
  /** Documents that are in force and not stored. undefined: those in force are. */
  #unstored: DesiredTable["documents"] | undefined;

  constructor(deps: TableWriterDeps) {
    this.#deps = deps;
    this.current = new TableInForce(deps);
    this.#guard = new Guard(deps.around);
    this.#follower = new TableFollower({ ...deps, current: this.current, serial: this.#serial });
  }

  /** What is in force, or on its way there. */
  get table(): DesiredTable {
    return this.current.table;
  }

  /** See Services.isHeld. */
  get isHeld(): boolean {
    return this.#held;
  }

  /** See Services.isUnstored. */
  get isUnstored(): boolean {
    return this.#unstored === this.table.documents;
  }

  /** See Services.start(). */
  start(initial: Readonly<Record<string, ServiceDocument>>): Promise<"store" | "config"> {
    return this.#serial.runAlways(async () => {
      const { stored, source } = await this.#firstTable(initial);
      // This comes first, so that what discovery finds while workers take in the table is not lost.
      this.#follower.hearDiscovery();
      await this.current.apply(this.current.read(stored));
      this.#follower.hearStore();
      return source;
    });
  }

  /**
   * Carries out a write.
   * @throws what `edit` throws, ValidationError, UnknownServiceError, RevisionConflictError,
   *   NothingWouldServeError, FilterRefusedError, StoreError, NotInForceError, BusyError
   */
  write(write: Write): Promise<Written> {
    if (this.#held) return Promise.reject(new HandingOverError());
    return this.#serial.run(async () => {
      for (let tries = 1; ; tries += 1) {
        const planned = this.#prepare(write);
        const { before, after } = planned;
        await checkCertificates(this.#deps, planned);
        const warnings = await this.#guard.admit(planned, write.context);
        const written = { ...planned, names: planned.changed, warnings };
        const prepared = await this.#deps.sink.prepare?.(changeBetween(before, after), write);
        if (before === after) {
          if (prepared !== undefined) await this.current.apply(after, prepared);
          return written;
        }
        for (const change of changesOf(planned)) {
          await this.#deps.ward?.yield(change, write.context);
        }
        const saved = await saveTable(this.#deps, write, written);
        if (saved === "stored") return this.#commit(write, written, prepared);
        if (saved === "unstored") return this.#commitUnstored(write, written, prepared);
        await this.#follower.adoptStored();
        if (write.context.ifMatch !== "*" || tries === SAVE_TRIES_MAX) throw saved;
      }
    });
  }

  /** See Services.preview(). */
  async preview(write: Write): Promise<Written> {
    const planned = this.#prepare(write);
    await checkCertificates(this.#deps, planned);
    const { warnings } = await this.#guard.judge(planned);
    return { ...planned, names: planned.changed, warnings };
  }

  /** See Services.hold(). */
  async hold(): Promise<StoredTable> {
    this.#held = true;
    await this.#serial.idle();
    return storedForm(this.table);
  }

  /** See Services.release(). */
  release(): void {
    this.#held = false;
  }

  /** See Services.refresh(). */
  refresh(name: string): Promise<void> {
    return this.#follower.refresh(name);
  }

  /** See Services.close(). */
  async close(): Promise<void> {
    await this.#follower.close();
    await this.#serial.idle();
  }

  /** The part of a write that can be refused and changes nothing. */
  #prepare({ edit, admit, context, fresh, listeners }: Write): Planned {
    const before = this.table;
    const changes = edit(before);
    for (const [name, document] of changes) {
      if (document === undefined && !before.documents.has(name)) {
        throw new UnknownServiceError(name);
      }
    }
    const { discovery, rules } = this.#deps;
    const after = withDocuments(before, changes, discovery, rules);
    admit?.(after);
    const { ifMatch } = context;
    if (ifMatch !== "*" && ifMatch !== before.revision) {
      throw new RevisionConflictError(ifMatch, before.revision);
    }
    const asked = [...changes.keys()];
    const changed = asked.filter((name) => !isSameService(before, after, name));
    const open = listeners ?? this.#deps.around?.listeners() ?? [];
    refuseWrongKinds(after, open, listeners === undefined ? changed : undefined);
    for (const change of changesOf({ before, after, changed })) {
      context.permit?.(change.service, change.before, change.after);
      this.#deps.ward?.admit(change, context);
    }
    // Whoever asks for one thing wants to know if it is like that already.
    const names = asked.length === 1 && fresh === undefined ? asked : changed;
    const isSame = changed.length === 0 && !this.isUnstored;
    return { before, after: isSame ? before : after, changed, names, listeners };
  }

  /**
   * Under the revision that the store has, so that the next write replaces that, whatever it is
   * about: what is in force is stored with it. Who writes sooner elsewhere wins.
   */
  async #commitUnstored(
    write: Write,
    written: Written,
    prepared: PreparedChange | undefined,
  ): Promise<Written> {
    const { revision } = written.before;
    const after = { ...written.after, revision };
    this.#unstored = after.documents;
    this.#deps.log.warn("table.unstored", { revision, services: written.names.join(", ") });
    return this.#commit(write, { ...written, after, isUnstored: true }, prepared);
  }

  async #commit(
    write: Write,
    written: Written,
    prepared: PreparedChange | undefined,
  ): Promise<Written> {
    const { action, context } = write;
    const { after, names } = written;
    const applied = await this.current.apply(after, prepared).then(
      () => undefined,
      (error: unknown) => new NotInForceError(after.revision, { cause: error }),
    );
    await recordChange(this.#deps, write, written);
    logChange(this.#deps.log, write, written, this.#deps.audit.head);
    const { actor, reason } = context;
    const { events, onRevision } = this.#deps;
    const fields = { revision: after.revision, action, services: names, actor, reason };
    events.emit({ kind: "revision", ...fields, inForce: applied === undefined });
    if (write.event !== undefined) events.emit(write.event(written));
    onRevision?.(names, true);
    if (applied !== undefined) throw applied;
    return written;
  }

  async #firstTable(
    initial: Readonly<Record<string, ServiceDocument>>,
  ): Promise<{ stored: StoredTable; source: "store" | "config" }> {
    const { store, rules } = this.#deps;
    const stored = await store.load();
    if (stored !== undefined) return { stored, source: "store" };
    await checkInitial(this.#deps, initial);
    const first = { revision: 1, services: initial };
    const { table } = readTable(first, NO_TABLE, this.#deps.discovery, rules);
    await this.#deps.sink.prepare?.(changeBetween(NO_TABLE, table));
    return saveFirst(store, first);
  }
}

/** Saves; returns the conflict if somebody else was first. */
async function saveTable(
  { store, log }: TableWriterDeps,
  { despiteStore }: Write,
  { before, after }: Written,
): Promise<RevisionConflictError | "stored" | "unstored"> {
  try {
    const save = store.save(storedForm(after), before.revision).then(() => "stored" as const);
    const late = despiteStore?.().then(() => "unstored" as const);
    return await (late === undefined ? save : Promise.race([save, late]));
  } catch (error) {
    if (error instanceof StoreError && despiteStore !== undefined) return "unstored";
    if (!(error instanceof RevisionConflictError)) throw error;
    if (error.current !== 0) return error;
  }
  // Somebody has emptied the store. What we have in force is the best there is.
  log.warn("store.empty", { revision: before.revision });
  await store.save(storedForm(after), 0);
  return "stored";
}

/** The change is in force by now. */
async function recordChange(
  deps: TableWriterDeps,
  { action, context }: Write,
  { before, after, names }: Written,
): Promise<void> {
  const { actor, reason } = context;
  const { revision } = after;
  for (const name of names) {
    const [was, is] = [before.documents.get(name), after.documents.get(name)];
    const fact = { actor, action, service: name, reason, revision };
    if (await appendFact(deps, { ...fact, ...differencesBetween(was, is) })) continue;
    deps.events.emit({ kind: "audit-failed", services: [name], revision });
  }
}

/** Who was first with the first table. */
async function saveFirst(
  store: Store,
  first: StoredTable,
): Promise<{ stored: StoredTable; source: "store" | "config" }> {
  try {
    await store.save(first, 0);
    return { stored: first, source: "config" };
  } catch (error) {
    // Whoever may not write the first table has its own until somebody else has written it.
    if (error instanceof NoSigningKeyError) return { stored: first, source: "config" };
    // Another sidecar may have been first, since we looked.
    const theirs = error instanceof RevisionConflictError ? await store.load() : undefined;
    if (theirs === undefined) throw error;
    return { stored: theirs, source: "store" };
  }
}

/** @throws ValidationError when a service of the first table cannot be */
async function checkInitial(
  { certificates, rules }: TableWriterDeps,
  initial: Readonly<Record<string, ServiceDocument>>,
): Promise<void> {
  for (const [name, document] of Object.entries(initial)) {
    const service = readService(name, document, rules);
    await certificates?.check(name, service);
  }
}

/** @throws ValidationError when a service has come by files that cannot be used */
async function checkCertificates(
  { certificates }: TableWriterDeps,
  { after, changed }: Planned,
): Promise<void> {
  for (const name of changed) {
    const service = after.services.get(name)?.service;
    if (service !== undefined) await certificates?.check(name, service);
  }
}
