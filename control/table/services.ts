import type { ServiceSnapshot, State } from "../../proxy/table/snapshot.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { Service } from "../config/service.ts";
import { withDocuments } from "./desired-table.ts";
import type { DesiredService, DesiredTable, DocumentChanges } from "./desired-table.ts";
import { withEndpointState, withVersionState, withWeights } from "./edit-document.ts";
import type { EndpointState, Weights } from "./edit-document.ts";
import { UnknownServiceError } from "../base/errors.ts";
import type { StoredTable } from "../store/store.ts";
import { withFilter } from "./edit-filter.ts";
import type { FilterEdit } from "./edit-filter.ts";
import { TableWriter } from "./table-writer.ts";
import type { TableWriterDeps, Write, WriteContext, Written } from "./table-writer.ts";

/** What a shift answers with. */
export type ShiftResult = {
  readonly revision: number;
  readonly weights: Record<string, number>;
  /** weight / sum of weights, 0 … 1. */
  readonly shares: Record<string, number>;
};

/** A service now and as it would be. */
export type Preview = {
  /** undefined: there is no such service yet. */
  readonly before: ServiceSnapshot | undefined;
  readonly after: ServiceSnapshot;
};

/** The services that should be in force, and every way to change them. */
export class Services {
  readonly #deps: TableWriterDeps;
  readonly #keeper: TableWriter;

  constructor(deps: TableWriterDeps) {
    this.#deps = deps;
    this.#keeper = new TableWriter(deps);
  }

  /**
   * Loads the stored table, or stores `initial` as the first one; applies it, and from then on
   * follows the store and discovery. Tells which of the two won.
   * @throws StoreError, ValidationError, and what the sink throws
   */
  start(initial: Readonly<Record<string, ServiceDocument>>): Promise<"store" | "config"> {
    return this.#keeper.start(initial);
  }

  /** Takes no more writes, until `release`; resolves with the table when the last one is done. */
  hold(): Promise<StoredTable> {
    return this.#keeper.hold();
  }

  /** Takes writes again. */
  release(): void {
    this.#keeper.release();
  }

  /** The stored table's revision. 0: not started. */
  get revision(): number {
    return this.#keeper.table.revision;
  }

  /** Names of all services in force. */
  names(): readonly string[] {
    return [...this.#keeper.table.services.keys()];
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

  /**
   * What put() would make of a service, and nothing more.
   * @throws ValidationError
   */
  previewPut(name: string, document: unknown): Preview {
    return this.#preview(name, jsonClone(document));
  }

  /**
   * What shift() would make of a service, and nothing more.
   * @throws ValidationError, UnknownServiceError, UnknownVersionError
   */
  previewShift(name: string, weights: Weights): Preview {
    return this.#preview(name, withWeights(this.#find(name), weights));
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
  ): Promise<{ revision: number; created: boolean }> {
    const edit = only(name, () => jsonClone(document));
    const { before, after } = await this.#keeper.write({ action: "put", context, edit });
    return { revision: after.revision, created: !before.documents.has(name) };
  }

  /**
   * Removes a service.
   * @throws UnknownServiceError, and as every write
   */
  async remove(name: string, context: WriteContext): Promise<{ revision: number }> {
    return this.#change("remove", name, { context, edit: () => undefined });
  }

  /**
   * Creates, replaces and removes (undefined) services, all of it at once or nothing: a host can go
   * from one to another without being away. Removing one that is not there is refused. `fresh`: see
   * FilterWrite.
   * @throws ValidationError, UnknownServiceError, and as every write
   */
  async putAll(
    action: string,
    documents: ReadonlyMap<string, unknown>,
    context: WriteContext,
    fresh?: string,
  ): Promise<{ revision: number }> {
    const edit = (): DocumentChanges =>
      new Map(
        [...documents].map(([name, document]) => [
          name,
          document === undefined ? undefined : jsonClone(document),
        ]),
      );
    const { after } = await this.#keeper.write({ action, context, fresh, edit });
    return { revision: after.revision };
  }

  /**
   * Changes weights; versions that are not named keep theirs. All at 0 is refused: that would be an
   * outage, and states say it better.
   * @throws ValidationError, UnknownServiceError, UnknownVersionError, and as every write
   */
  async shift(name: string, weights: Weights, context: WriteContext): Promise<ShiftResult> {
    const { after } = await this.#keeper.write({
      action: "shift",
      context,
      edit: only(name, (current) => withWeights(known(name, current), weights)),
      event: (written) => ({ kind: "shift", ...shiftEvent(written, name) }),
    });
    return shiftResult(after, name);
  }

  /**
   * Gives a filter another module or options, in every service that has one of this name, and reads
   * its file again. Resolves when every worker uses the new one for new requests.
   * @throws UnknownFilterError, FilterRefusedError, ValidationError, and as every write
   */
  async putFilter(
    name: string,
    edit: FilterEdit,
    context: WriteContext,
  ): Promise<{ revision: number }> {
    const { after } = await this.#keeper.write({
      action: "put-filter",
      context,
      fresh: name,
      edit: (table) => withFilter(table, name, edit),
    });
    return { revision: after.revision };
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
  ): Promise<{ revision: number }> {
    return this.#change("version-state", name, {
      context,
      edit: (current) => withVersionState(known(name, current), version, state),
    });
  }

  /**
   * Changes the state of an endpoint.
   * @throws UnknownServiceError, UnknownVersionError, UnknownEndpointError, and as every write
   */
  async setEndpointState(
    name: string,
    change: EndpointState,
    context: WriteContext,
  ): Promise<{ revision: number }> {
    return this.#change("endpoint-state", name, {
      context,
      edit: (current) => withEndpointState(known(name, current), change),
    });
  }

  /**
   * Takes what discovery knows of a service now to the workers; no new revision. Many calls at once
   * cost one. Resolves when that is done; errors are logged.
   */
  refresh(name: string): Promise<void> {
    return this.#keeper.refresh(name);
  }

  /** Stops following and waits for writes under way. The store stays open: it is its owner's. */
  close(): Promise<void> {
    return this.#keeper.close();
  }

  #find(name: string): DesiredService {
    return known(name, this.#keeper.table.services.get(name));
  }

  #preview(name: string, document: ServiceDocument): Preview {
    const { table } = this.#keeper;
    const after = withDocuments(table, new Map([[name, document]]), this.#deps.discovery);
    return {
      before: table.services.get(name)?.snapshot,
      after: known(name, after.services.get(name)).snapshot,
    };
  }

  async #change(
    action: string,
    name: string,
    write: { readonly context: WriteContext; readonly edit: EditOne },
  ): Promise<{ revision: number }> {
    const { context, edit } = write;
    const { after } = await this.#keeper.write({ action, context, edit: only(name, edit) });
    return { revision: after.revision };
  }
}

/** Gives a service's new document (undefined: remove it), or throws. */
type EditOne = (current: DesiredService | undefined) => ServiceDocument | undefined;

/** An edit of one service. */
function only(name: string, edit: EditOne): Write["edit"] {
  return ({ services }) => new Map([[name, edit(services.get(name))]]);
}

function known(name: string, service: DesiredService | undefined): DesiredService {
  if (service === undefined) throw new UnknownServiceError(name);
  return service;
}

/** Exactly what a store will hold: whatever JSON has no word for is gone before anyone reads it. */
function jsonClone(document: unknown): ServiceDocument {
  return JSON.parse(JSON.stringify(document ?? null)) as ServiceDocument;
}

function weightsOf(table: DesiredTable, name: string): Record<string, number> {
  const versions = table.services.get(name)?.snapshot.versions ?? [];
  return Object.fromEntries(versions.map((version) => [version.name, version.weight]));
}

function shiftResult(table: DesiredTable, name: string): ShiftResult {
  const weights = weightsOf(table, name);
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  const shares = Object.entries(weights).map(([version, weight]) => [version, weight / sum]);
  return { revision: table.revision, weights, shares: Object.fromEntries(shares) };
}

function shiftEvent({ before, after }: Written, name: string): Record<string, unknown> {
  return { service: name, before: weightsOf(before, name), after: weightsOf(after, name) };
}
