import type { State } from "../../proxy/table/snapshot.ts";
import { UnknownServiceError, ValidationError } from "../base/errors.ts";
import { newReferences } from "../config/environment.ts";
import { problemAt } from "../config/problems.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { SluiceEvent } from "../records/sluice-event.ts";
import type { DesiredService, DesiredTable, DocumentChanges } from "./desired-table.ts";
import { withEndpointState, withVersionState, withWeights } from "./edit-document.ts";
import type { EndpointState, Weights } from "./edit-document.ts";
import { withFilter } from "./edit-filter.ts";
import type { FilterEdit } from "./edit-filter.ts";
import type { History } from "./history.ts";
import { withDrains } from "./rollout-drains.ts";
import type { RolloutDrains } from "./rollout-drains.ts";
import { withRolloutMirror } from "./rollout-mirror.ts";
import type { RolloutMirror } from "./rollout-mirror.ts";
import { withRolloutRoute } from "./rollout-route.ts";
import type { RolloutRoute } from "./rollout-route.ts";
import { sumOf } from "./serving.ts";
import type { Warning } from "./warnings.ts";
import type { WriteContext } from "./table-sink.ts";
import type { Write, Written } from "./table-write.ts";

/** What a shift answers with. */
export type ShiftResult = {
  readonly revision: number;
  readonly weights: Record<string, number>;
  /** weight / sum of weights, 0 … 1. */
  readonly shares: Record<string, number>;
  readonly warnings: readonly Warning[];
};

/** What every write answers with. */
export type WriteAnswer = {
  /** The table's revision; the one before when nothing has changed. */
  readonly revision: number;
  readonly warnings: readonly Warning[];
};

/** Puts a document in a service's place. */
export function putWrite(name: string, document: unknown, context: WriteContext): Write {
  const edit = only(name, (current) => withoutNewReferences(name, asStored(document), current));
  return { action: "put", context, edit };
}

/**
 * Makes a service what it was before its latest change, or at a revision: it may come back, or go.
 */
export function undoWrite(
  name: string,
  history: History,
  revision: number | undefined,
  context: WriteContext,
): Write {
  const edit = (table: DesiredTable): DocumentChanges => {
    if (!table.documents.has(name) && !history.knows(name)) throw new UnknownServiceError(name);
    return new Map([[name, history.find(name, table, revision)]]);
  };
  return { action: "undo", context, edit };
}

/** Takes a service away. */
export function removeWrite(name: string, context: WriteContext): Write {
  return { action: "remove", context, edit: only(name, () => undefined) };
}

/** Changes weights of a service and reports it. See withWeights(). */
export function shiftWrite(name: string, weights: Weights, context: WriteContext): Write {
  return {
    action: "shift",
    context,
    edit: only(name, (current) => withWeights(known(name, current), weights)),
    event: (written) => shiftEvent(written, name),
  };
}

/** What a rollout makes of a service. */
export type RolloutWeights = {
  readonly weights: Readonly<Record<string, number>>;
  /** The version that must be able to take requests. undefined: none. */
  readonly ready: string | undefined;
  /** What else leads to its new version. `stays`: whatever there is. */
  readonly route: RolloutRoute | "none" | "stays";
  /** What is copied to it. `stays`: whatever there is. */
  readonly mirror: RolloutMirror | "none" | "stays";
  /** Endpoints whose states are its own. */
  readonly drains: RolloutDrains | undefined;
  /** As a write's. */
  readonly despiteStore: Write["despiteStore"];
};

/**
 * Gives a service the weights that a rollout asks for, and with `ready` undoes a drain or
 * maintenance of the version that gets everything back. Versions that are gone are left out.
 */
export function rolloutWrite(
  name: string,
  { weights, ready, route, mirror, drains, despiteStore }: RolloutWeights,
  context: WriteContext,
): Write {
  const write = shiftWrite(name, weights, context);
  const edit = only(name, (current) => {
    const { document, snapshot, service } = known(name, current);
    const isThere = (version: string): boolean => Object.hasOwn(document.versions, version);
    const asked = Object.entries(weights).filter(([version]) => isThere(version));
    const weighed = withWeights({ document, snapshot, service }, Object.fromEntries(asked));
    const isDrained = drains !== undefined && isThere(drains.version);
    const drained = isDrained
      ? withDrains({ document: weighed, snapshot, service }, drains)
      : weighed;
    const shifted = mirrored(routed(drained, route), mirror);
    if (ready === undefined || !isThere(ready)) return shifted;
    return withVersionState({ document: shifted, snapshot, service }, ready, "ready");
  });
  return { ...write, edit, despiteStore };
}

function routed(document: ServiceDocument, route: RolloutWeights["route"]): ServiceDocument {
  if (route === "stays") return document;
  return withRolloutRoute(document, route === "none" ? undefined : route);
}

function mirrored(document: ServiceDocument, mirror: RolloutWeights["mirror"]): ServiceDocument {
  if (mirror === "stays") return document;
  return withRolloutMirror(document, mirror === "none" ? undefined : mirror);
}

/** Changes a filter in every service that has one of this name. See withFilter(). */
export function filterWrite(name: string, edit: FilterEdit, context: WriteContext): Write {
  const edited = (table: DesiredTable): DocumentChanges => {
    const changes = withFilter(table, name, edit);
    for (const [service, document] of changes) {
      withoutNewReferences(service, document, table.services.get(service));
    }
    return changes;
  };
  return { action: "put-filter", context, fresh: name, edit: edited };
}

/** Changes the state of a version. See withVersionState(). */
export function versionStateWrite(
  name: string,
  change: { readonly version: string; readonly state: State },
  context: WriteContext,
): Write {
  const { version, state } = change;
  const edit = only(name, (current) => withVersionState(known(name, current), version, state));
  return { action: "version-state", context, edit };
}

/** Changes the state of an endpoint. See withEndpointState(). */
export function endpointStateWrite(
  name: string,
  change: EndpointState,
  context: WriteContext,
): Write {
  const edit = only(name, (current) => withEndpointState(known(name, current), change));
  return { action: "endpoint-state", context, edit };
}

/** The result of a shift of a service. */
export function shiftResult({ after, warnings }: Written, name: string): ShiftResult {
  const weights = weightsOf(after, name);
  const sum = sumOf(Object.values(weights));
  const shares = Object.entries(weights).map(([version, weight]) => [version, weight / sum]);
  return { revision: after.revision, weights, shares: Object.fromEntries(shares), warnings };
}

/** The service, which must be there. @throws UnknownServiceError */
export function known(name: string, service: DesiredService | undefined): DesiredService {
  if (service === undefined) throw new UnknownServiceError(name);
  return service;
}

/** Exactly what a store will hold: whatever JSON cannot express is gone before anyone reads it. */
export function asStored(document: unknown): ServiceDocument {
  return JSON.parse(JSON.stringify(document ?? null)) as ServiceDocument;
}

/** The document. @throws ValidationError for references that are new: see newReferences(). */
function withoutNewReferences<Document>(
  name: string,
  document: Document,
  current: DesiredService | undefined,
): Document {
  const flaws = newReferences(document, current?.document);
  if (flaws.length === 0) return document;
  const problems = flaws.map((flaw) => problemAt(flaw));
  throw new ValidationError(`service ${name}`, problems);
}

/** Returns a service's new document (undefined: remove it), or throws. */
type EditOne = (current: DesiredService | undefined) => ServiceDocument | undefined;

/** An edit of one service. */
function only(name: string, edit: EditOne): Write["edit"] {
  return ({ services }) => new Map([[name, edit(services.get(name))]]);
}

function weightsOf(table: DesiredTable, name: string): Record<string, number> {
  const versions = table.services.get(name)?.snapshot.versions ?? [];
  return Object.fromEntries(versions.map((version) => [version.name, version.weight]));
}

function shiftEvent({ before, after }: Written, name: string): SluiceEvent {
  const { revision } = after;
  const weights = { before: weightsOf(before, name), after: weightsOf(after, name) };
  return { kind: "shift", services: [name], revision, ...weights };
}
