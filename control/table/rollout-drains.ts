import { canonicalEndpoint } from "../config/address.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { DesiredService } from "./desired-table.ts";
import { withEndpointState } from "./edit-document.ts";
import { UnknownEndpointError } from "../base/errors.ts";

/** Endpoints that a rollout has in drain, or has had and gives back. */
export type RolloutDrains = {
  readonly version: string;
  readonly addresses: readonly string[];
  readonly state: "drain" | "ready";
};

/**
 * The document with these endpoints in drain, or ready again. What people have in maint stays
 * there, and endpoints that are gone are left out.
 */
export function withDrains(
  current: DesiredService,
  { version, addresses, state }: RolloutDrains,
): ServiceDocument {
  return addresses.reduce((document, address) => {
    if (stateOf(document, version, address) === "maint") return document;
    return withState({ ...current, document }, { version, address, state });
  }, current.document);
}

function withState(
  current: DesiredService,
  change: Parameters<typeof withEndpointState>[1],
): ServiceDocument {
  try {
    return withEndpointState(current, change);
  } catch (error) {
    if (error instanceof UnknownEndpointError) return current.document;
    throw error;
  }
}

function stateOf({ versions }: ServiceDocument, version: string, address: string): string {
  const states = Object.entries(versions[version]?.endpointStates ?? {});
  const found = states.find(([each]) => (canonicalEndpoint(each) ?? each) === address);
  return found?.[1] ?? "ready";
}
