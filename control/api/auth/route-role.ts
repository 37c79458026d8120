import type { FastifyInstance } from "fastify";
import type { Role } from "../../base/roles.ts";

/** The role that a route asks of its callers; `anyone`: not even a credential. */
export type RouteRole = Role | "anyone";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The least role that may call the route. Routes must have one to be registered. */
    role: RouteRole;
    /** The service that it is about is known only later: then the route itself asks. */
    asksLater?: true;
  }
}

/** From now on, refuses to register routes that do not say who may call them. */
export function demandRoles(app: FastifyInstance): void {
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.role !== undefined) return;
    const call = `${[method].flat().join(", ")} ${url}`;
    throw new Error(`Cannot register ${call}: wanted a role in its config, found none`);
  });
}
