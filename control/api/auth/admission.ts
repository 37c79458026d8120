import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Access } from "./access.ts";
import { assertMay } from "./permission.ts";
import type { Need } from "./permission.ts";
import { demandRoles } from "./route-role.ts";

/** Lets in, from now on, only calls whose caller may make them: see the roles of the routes. */
export function admitCallers(app: FastifyInstance, access: Access): void {
  demandRoles(app);
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request) => {
    request.principal = await access.identify();
    const need = needOf(request);
    if (need !== undefined) assertMay(request.principal, need);
  });
}

/** undefined: anyone may call it. What is not there takes somebody who may look around. */
function needOf({ is404, routeOptions, params }: FastifyRequest): Need | undefined {
  const role = is404 ? "read" : routeOptions.config.role;
  if (role === "anyone") return undefined;
  const { service } = params as { readonly service?: string };
  return { role, service };
}
