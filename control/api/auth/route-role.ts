import type { FastifyInstance } from "fastify";
import type { Role } from "../../base/roles.ts";

/** What a route asks of its callers; `anyone`: not even a credential. */
export type RouteRole = Role | "anyone";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The least role that may call the route. A route without one does not register. */
    role: RouteRole;
    /** The service that it is about is known only later: then the route itself asks. */
    asksLater?: true;
  }
}

/** Refuses, from now on, to register a route that does not say who may call it. */
export function demandRoles(app: FastifyInstance): void {
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.role !== undefined) return;
    const call = `${[method].flat().join(", ")} ${url}`;
    throw new Error(`Cannot register ${call}: wanted a role in its config, found none`);
  });
}
