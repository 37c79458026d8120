import type { State } from "../../proxy/table/snapshot.ts";
import type { AuditEntry } from "../records/audit-entry.ts";

/** Whose state it is: a version's or, with `address`, an endpoint's of it. */
export type StateOwner = {
  readonly service: string;
  readonly version: string;
  readonly address?: string;
  /** Of the endpoint, if it has another one than its address. */
  readonly name?: string | undefined;
  readonly state: State;
};

/** What a change of a service says of states: see docs/control-api.md, "Audit". */
type ChangedStates = {
  readonly versions?: Readonly<
    Record<
      string,
      {
        readonly state?: string;
        readonly endpointStates?: Readonly<Record<string, string>>;
      }
    >
  >;
};

/**
 * The change that brought a state. `entries`: oldest first. undefined: it is further back, or
 * another sidecar's.
 */
export function putAsideBy(
  entries: readonly AuditEntry[],
  owner: StateOwner,
): AuditEntry | undefined {
  return entries.findLast(
    ({ service, after }) =>
      service === owner.service && stateIn((after ?? {}) as ChangedStates, owner) === owner.state,
  );
}

function stateIn({ versions = {} }: ChangedStates, owner: StateOwner): string | undefined {
  const { state, endpointStates = {} } = versions[owner.version] ?? {};
  const { address, name = "" } = owner;
  return address === undefined ? state : (endpointStates[address] ?? endpointStates[name]);
}

/** Who it was and why, as part of a sentence. */
export function askerText(entry: AuditEntry | undefined): string {
  if (entry === undefined) return "somebody";
  const { actor, reason } = entry;
  return reason === undefined ? actor : `${actor} (“${reason}”)`;
}
