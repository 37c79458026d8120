import { reaches } from "../../base/roles.ts";
import type { Role } from "../../base/roles.ts";
import { listed } from "../../base/listed.ts";
import type { ServiceDocument } from "../../config/service-schema.ts";
import type { Permit } from "../../table/table-sink.ts";
import { ForbiddenError } from "./auth-errors.ts";
import { roleOfChange } from "./change-role.ts";
import type { Principal } from "./principal.ts";

/** What a call takes of whoever makes it. */
export type Need = {
  readonly role: Role;
  /** The service that it is about. undefined: none, or all of them. */
  readonly service: string | undefined;
};

/** @throws ForbiddenError if somebody may not do that */
export function assertMay({ actor, role, services }: Principal, need: Need): void {
  if (!reaches(role, need.role)) {
    throw new ForbiddenError(`role ${need.role}`, `role ${role} of ${actor}`);
  }
  // Everybody may look at everything.
  if (services === undefined || need.role === "read") return;
  if (need.service !== undefined && services.includes(need.service)) return;
  const wanted = services.length === 0 ? "no service" : `only ${listed(services)}`;
  const found = need.service === undefined ? "a call about all services" : need.service;
  throw new ForbiddenError(`${wanted}, as ${actor} is limited to`, found);
}

/** Whether somebody may see all of a service: whoever may take it away may know what it is. */
export function maySeeAll(
  principal: Principal,
  service: string,
  document: ServiceDocument,
): boolean {
  const { role, services } = principal;
  const isTheirs = services === undefined || services.includes(service);
  return isTheirs && reaches(role, roleOfChange(document, undefined));
}

/** Whether somebody may see all of whatever was in a service at some time. */
export function maySeeHistory({ role, services }: Principal, service: string): boolean {
  return reaches(role, "admin") && (services === undefined || services.includes(service));
}

/** What a write asks before it changes a service: whether this principal may do exactly that. */
export function permitOf(principal: Principal): Permit {
  return (service, before, after) =>
    assertMay(principal, { role: roleOfChange(before, after), service });
}
