import { isDeepStrictEqual } from "node:util";
import type { Role } from "../../base/roles.ts";
import type { ServiceDocument } from "../../config/service-schema.ts";

/**
 * The role that a change of a service takes, whichever call makes it, since an undo can bring back
 * anything. undefined for a document: the service does not exist.
 */
export function roleOfChange(
  before: ServiceDocument | undefined,
  after: ServiceDocument | undefined,
): Role {
  if (isDeepStrictEqual(skeletonOf(before), skeletonOf(after))) return "shift";
  return isPrivileged(before) || isPrivileged(after) ? "admin" : "write";
}

/** A service without the parts that shifts and states change. */
function skeletonOf(document: ServiceDocument | undefined): unknown {
  if (document === undefined) return undefined;
  const versions = Object.entries(document.versions).map(([name, version]) => {
    const { weight: _weight, state: _state, endpointStates: _states, ...rest } = version;
    return [name, rest];
  });
  return { ...document, versions };
}

/**
 * Whether a service reaches into this machine: filters are code, and Sluice connects to Unix
 * sockets with its own rights.
 */
function isPrivileged(document: ServiceDocument | undefined): boolean {
  if (document === undefined) return false;
  const { filters = [], versions } = document;
  return filters.length > 0 || Object.values(versions).some(hasSocket);
}

function hasSocket({ endpoints = [] }: ServiceDocument["versions"][string]): boolean {
  return endpoints.some((each) => {
    const address = typeof each === "string" ? each : each.address;
    // A variable can hold anything, and only the sidecar knows what.
    return address.startsWith("unix:") || address.includes("${");
  });
}
