import type { Role } from "../../base/roles.ts";

/** Somebody whose credential has been checked. */
export type Principal = {
  /**
   * Who it is, in the audit log, events and the sidecar's log: `local`, `socket`, `token:NAME`,
   * `cert:NAME`, `jwt:SUBJECT` or `anonymous`.
   */
  readonly actor: string;
  /** `none`: of whoever shows no credential where none is wanted. */
  readonly role: Role | "none";
  /** The services that it may change; undefined: all. It may look at all of them. */
  readonly services: readonly string[] | undefined;
  /** Whether its credential still holds: it has neither expired nor been taken away. */
  stands(): boolean;
};

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks. Set before any handler runs. */
    principal: Principal;
  }
}
