import type { Role } from "../../base/roles.ts";

/** Somebody whose credential has been checked. */
export type Principal = {
  /**
   * Its name in the audit log, events and the sidecar's log: `local`, `socket`, `token:NAME`,
   * `cert:NAME`, `jwt:SUBJECT` or `anonymous`.
   */
  readonly actor: string;
  /** `none`: it showed no credential, and none was needed. */
  readonly role: Role | "none";
  /** The services that it may change; undefined: all. It may read all of them. */
  readonly services: readonly string[] | undefined;
  /** Whether its credential still holds: it has neither expired nor been revoked. */
  stands(): boolean;
};

declare module "fastify" {
  interface FastifyRequest {
    /** Who makes the call. Set before any handler runs. */
    principal: Principal;
  }
}
