import type { ServiceDocument } from "../config/service-schema.ts";
import type { DesiredTable } from "./desired-table.ts";
import type { WriteContext } from "./table-sink.ts";

/** What a write makes of a service. undefined: it is not there. */
export type WardedChange = {
  readonly service: string;
  readonly before: ServiceDocument | undefined;
  readonly after: ServiceDocument | undefined;
};

/** Keeps services that somebody else looks after from being changed by the way. */
export interface Ward {
  /** Lets a change pass. @throws ControlError what it refuses */
  admit(change: WardedChange, context: WriteContext): void;
  /** Notes, before it is stored, that a change takes over what was somebody's. */
  yield(change: WardedChange, context: WriteContext): Promise<void>;
}

/** A write, before it is stored. */
type Changed = {
  readonly before: Pick<DesiredTable, "documents">;
  readonly after: Pick<DesiredTable, "documents">;
  /** Names of services. */
  readonly changed: readonly string[];
};

/** What becomes of each service that changes. */
export function changesOf({ before, after, changed }: Changed): readonly WardedChange[] {
  return changed.map((service) => {
    const [was, is] = [before.documents.get(service), after.documents.get(service)];
    return { service, before: was, after: is };
  });
}

/** Whether a change gives versions other weights, or takes away one that has some. */
export function changesWeights({ before, after }: WardedChange): boolean {
  const [old, next] = [weightsOf(before), weightsOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])].some((version) => {
    return (old.get(version) ?? 0) !== (next.get(version) ?? 0);
  });
}

function weightsOf(document: ServiceDocument | undefined): ReadonlyMap<string, number> {
  const versions = Object.entries(document?.versions ?? {});
  // A version that stands alone may leave its weight out.
  return new Map(versions.map(([name, { weight = 1 }]) => [name, weight]));
}
