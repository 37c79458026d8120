import { reaches } from "../base/roles.ts";
import type { Role } from "../base/roles.ts";

/** Who the sidecar takes us for: the answer of `GET /v1/whoami`. */
export type Whoami = {
  readonly actor: string;
  readonly role: Role | "none";
  /** Those that may be changed. Absent: all. */
  readonly services?: readonly string[];
};

/** Whether a button for a call that takes `role` is shown. `service` absent: it is about none. */
export function may(who: Whoami | undefined, role: Role, service?: string): boolean {
  if (who === undefined || !reaches(who.role, role)) return false;
  if (who.services === undefined) return true;
  return service !== undefined && who.services.includes(service);
}
