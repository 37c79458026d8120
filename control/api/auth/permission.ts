import { reaches } from "../../base/roles.ts";
import type { Role } from "../../base/roles.ts";
import { listed } from "../../base/listed.ts";
import type { ServiceDocument } from "../../config/service-schema.ts";
import type { Permit } from "../../table/table-sink.ts";
import { ForbiddenError } from "./auth-errors.ts";
import { roleOfChange } from "./change-role.ts";
import type { Principal } from "./principal.ts";

/** What a caller needs to make a call. */
export type Need = {
  readonly role: Role;
  /** The service that the call is about. undefined: none, or all. */
  readonly service: string | undefined;
};

/** @throws ForbiddenError if the caller may not do that */
export function assertMay({ actor, role, services }: Principal, need: Need): void {
  if (!reaches(role, need.role)) {
    throw new ForbiddenError(`role ${need.role}`, `role ${role} of ${actor}`);
  }
  // Services only limit what may be changed.
  if (services === undefined || need.role === "read") return;
  if (need.service !== undefined && services.includes(need.service)) return;
  const wanted = services.length === 0 ? "no service" : `only ${listed(services)}`;
  const found = need.service === undefined ? "a call about all services" : need.service;
  throw new ForbiddenError(`${wanted}, as ${actor} is limited to`, found);
}

/** Whether somebody may see a service's secrets: those who may replace it may. */
export function maySeeAll(
  principal: Principal,
  service: string,
  document: ServiceDocument,
): boolean {
  const { role, services } = principal;
  const isTheirs = services === undefined || services.includes(service);
  return isTheirs && reaches(role, roleOfChange(document, undefined));
}

/** Whether somebody may see the secrets of former versions of a service. */
export function maySeeHistory({ role, services }: Principal, service: string): boolean {
  return reaches(role, "admin") && (services === undefined || services.includes(service));
}

/** What a write asks before it changes a service: whether this principal may do just that. */
export function permitOf(principal: Principal): Permit {
  return (service, before, after) =>
    assertMay(principal, { role: roleOfChange(before, after), service });
}
