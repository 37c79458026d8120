import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { ApiTls } from "../api-tls.ts";
import type { Access } from "./access.ts";
import { TooManyAttemptsError, UnauthenticatedError } from "./auth-errors.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { assertMay } from "./permission.ts";
import type { Need } from "./permission.ts";
import type { Principal } from "./principal.ts";
import type { RefusedCalls } from "./refused-calls.ts";
import { demandRoles } from "./route-role.ts";

/** Whoever shows no credential where none is wanted. */
const ANONYMOUS: Principal = {
  actor: "anonymous",
  role: "none",
  services: [],
  stands: () => true,
};

type AdmissionDeps = {
  readonly access: Access;
  /** undefined: callers come in clear. */
  readonly tls?: Pick<ApiTls, "clientOf"> | undefined;
  readonly calls: Pick<RefusedCalls, "admit">;
  readonly clock: Clock;
};

/**
 * Lets in, from now on, only calls whose caller may make them: see the roles of the routes. A call
 * is refused before its body is read.
 */
export function admitCallers(app: FastifyInstance, deps: AdmissionDeps): void {
  const attempts = new FailedAttempts();
  demandRoles(app);
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request) => {
    const need = needOf(request);
    request.principal = await identify(request, need, { ...deps, attempts });
    if (need !== undefined) assertMay(limitless(request), need);
    deps.calls.admit();
  });
}

/** @throws UnauthenticatedError, TooManyAttemptsError */
async function identify(
  request: FastifyRequest,
  need: Need | undefined,
  { access, tls, attempts, clock }: AdmissionDeps & { readonly attempts: FailedAttempts },
): Promise<Principal> {
  try {
    const { authorization } = request.headers;
    return await access.identify({ authorization, certificate: tls?.clientOf(request.socket) });
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    // A certificate is shown without asking, also where nobody wants one.
    if (need === undefined && request.headers.authorization === undefined) return ANONYMOUS;
    if (error.flaw === "missing") throw error;
    // Who has gone meanwhile counts as one: nobody waits for the answer.
    const address = request.socket.remoteAddress ?? "";
    const leftMs = attempts.add(address, clock.nowMs());
    throw leftMs === undefined ? error : new TooManyAttemptsError(Math.ceil(leftMs / 1_000));
  }
}

/** The caller; as if they were limited to no services where the route itself asks for that. */
function limitless({ principal, routeOptions }: FastifyRequest): Principal {
  const isLater = routeOptions.config?.asksLater === true;
  return isLater ? { ...principal, services: undefined } : principal;
}

/** undefined: anyone may call it. What is not there takes somebody who may look around. */
function needOf({ is404, routeOptions, params }: FastifyRequest): Need | undefined {
  const role = is404 ? "read" : routeOptions.config.role;
  if (role === "anyone") return undefined;
  const { service } = params as { readonly service?: string };
  return { role, service };
}
