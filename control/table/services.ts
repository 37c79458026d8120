import type { ServiceSnapshot, State } from "../../proxy/table/snapshot.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { Service } from "../config/service.ts";
import type { DesiredService } from "./desired-table.ts";
import type { EndpointState, Weights } from "./edit-document.ts";
import { shownService } from "./shown-service.ts";
import type { ShownService } from "./shown-service.ts";
import type { StoredTable } from "../store/store.ts";
import type { FilterEdit } from "./edit-filter.ts";
import {
  endpointStateWrite,
  filterWrite,
  known,
  putWrite,
  removeWrite,
  shiftResult,
  shiftWrite,
  undoWrite,
  versionStateWrite,
} from "./service-writes.ts";
import type { ShiftResult, WriteAnswer } from "./service-writes.ts";
import type { WriteContext } from "./table-sink.ts";
import { TableWriter } from "./table-writer.ts";
import type { Write, Written } from "./table-write.ts";
import type { TableWriterDeps } from "./table-writer.ts";

/** The services that should be in force, and every way to change them. */
export class Services {
  readonly #deps: TableWriterDeps;
  readonly #writer: TableWriter;

  constructor(deps: TableWriterDeps) {
    this.#deps = deps;
    this.#writer = new TableWriter(deps);
  }

  /**
   * Loads the stored table, or stores `initial` as the first one; applies it, and from then on
   * follows the store and discovery. Tells which of the two won.
   * @throws StoreError, ValidationError, and what the sink throws
   */
  start(initial: Readonly<Record<string, ServiceDocument>>): Promise<"store" | "config"> {
    return this.#writer.start(initial);
  }

  /** Takes no more writes until `release`; resolves with the table when the last one is done. */
  hold(): Promise<StoredTable> {
    return this.#writer.hold();
  }

  /** Takes writes again. */
  release(): void {
    this.#writer.release();
  }

  /** Whether hold() is in force. */
  get isHeld(): boolean {
    return this.#writer.isHeld;
  }

  /** Whether what is in force is not stored yet: see Write.despiteStore. */
  get isUnstored(): boolean {
    return this.#writer.isUnstored;
  }

  /** The stored table's revision. 0: not started. */
  get revision(): number {
    return this.#writer.table.revision;
  }

  /** Whether a service of this name is in force. */
  has(name: string): boolean {
    return this.#writer.table.services.has(name);
  }

  /** Names of all services in force. */
  names(): readonly string[] {
    return [...this.#writer.table.services.keys()];
  }

  /** Why services are not as the stored table has them, by name. Empty: all are. */
  get refused(): ReadonlyMap<string, string> {
    return this.#writer.current.refused;
  }

  /**
   * A service as people wrote it.
   * @throws UnknownServiceError
   */
  document(name: string): ServiceDocument {
    return this.#find(name).document;
  }

  /**
   * A service as the program reads it.
   * @throws UnknownServiceError
   */
  service(name: string): Service {
    return this.#find(name).service;
  }

  /**
   * A service as workers have it.
   * @throws UnknownServiceError
   */
  snapshot(name: string): ServiceSnapshot {
    return this.#find(name).snapshot;
  }

  /** A service for people to look at. @throws UnknownServiceError */
  shown(name: string): ShownService {
    return shownService(this.#find(name), this.#deps.discovery);
  }

  /** What a write would do, without doing it; an outage is only a warning. @throws as the write */
  preview(write: Write): Promise<Written> {
    return this.#writer.preview(write);
  }

  /**
   * Carries out a write: all of its services change at once, or none, so that a host can move from
   * one to another without a gap. @throws what its `edit` throws, and as every write
   */
  change(write: Write): Promise<Written> {
    return this.#writer.write(write);
  }

  /**
   * Creates or replaces a service.
   * @throws ValidationError, and as every write: RevisionConflictError, StoreError,
   *   NotInForceError, BusyError
   */
  async put(
    name: string,
    document: unknown,
    context: WriteContext,
  ): Promise<WriteAnswer & { created: boolean }> {
    const { before, after, warnings } = await this.change(putWrite(name, document, context));
    return { revision: after.revision, created: !before.documents.has(name), warnings };
  }

  /**
   * Removes a service.
   * @throws UnknownServiceError, and as every write
   */
  async remove(name: string, context: WriteContext): Promise<WriteAnswer> {
    return this.#write(removeWrite(name, context));
  }

  /**
   * Makes a service what it was before its latest change, or when the table had a revision. What
   * is known of that begins with this process, and is bounded: see History.
   * @throws NoUndoError, UnknownServiceError, and as every write
   */
  undo(name: string, revision: number | undefined, context: WriteContext): Promise<WriteAnswer> {
    return this.#write(undoWrite(name, this.#writer.current.history, revision, context));
  }

  /**
   * Changes weights; versions that are not named keep theirs. Refuses weights that are all 0: that
   * would be an outage, for which there are states.
   * @throws ValidationError, UnknownServiceError, UnknownVersionError, and as every write
   */
  async shift(name: string, weights: Weights, context: WriteContext): Promise<ShiftResult> {
    return shiftResult(await this.change(shiftWrite(name, weights, context)), name);
  }

  /**
   * Gives a filter another module or options, in every service that has one of this name, and reads
   * its file again. Resolves when every worker uses the new one for new requests.
   * @throws UnknownFilterError, FilterRefusedError, ValidationError, and as every write
   */
  async putFilter(name: string, edit: FilterEdit, context: WriteContext): Promise<WriteAnswer> {
    return this.#write(filterWrite(name, edit, context));
  }

  /**
   * Changes the state of a version.
   * @throws UnknownServiceError, UnknownVersionError, and as every write
   */
  async setVersionState(
    name: string,
    version: string,
    state: State,
    context: WriteContext,
  ): Promise<WriteAnswer> {
    return this.#write(versionStateWrite(name, { version, state }, context));
  }

  /**
   * Changes the state of an endpoint.
   * @throws UnknownServiceError, UnknownVersionError, UnknownEndpointError, and as every write
   */
  async setEndpointState(
    name: string,
    change: EndpointState,
    context: WriteContext,
  ): Promise<WriteAnswer> {
    return this.#write(endpointStateWrite(name, change, context));
  }

  /**
   * Brings what discovery knows of a service now to the workers, without a new revision. Many calls
   * at once cost as much as one. Resolves when that is done; errors are logged.
   */
  refresh(name: string): Promise<void> {
    return this.#writer.refresh(name);
  }

  /** Stops following and waits for writes under way. The store stays open: it is its owner's. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  #find(name: string): DesiredService {
    return known(name, this.#writer.table.services.get(name));
  }

  async #write(write: Write): Promise<WriteAnswer> {
    const { after, warnings } = await this.change(write);
    return { revision: after.revision, warnings };
  }
}
