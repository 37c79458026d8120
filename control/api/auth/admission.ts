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

/** A caller without credentials where none are needed. */
const ANONYMOUS: Principal = {
  actor: "anonymous",
  role: "none",
  services: [],
  stands: () => true,
};

type AdmissionDeps = {
  readonly access: Access;
  /** undefined: the API is not on TLS. */
  readonly tls?: Pick<ApiTls, "clientOf"> | undefined;
  readonly calls: Pick<RefusedCalls, "admit">;
  readonly clock: Clock;
};

/**
 * From now on, admits only calls that their caller may make: see the roles of the routes. A call is
 * refused before its body is read.
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
    // Clients show certificates without being told to, even where nobody wants one.
    if (need === undefined && request.headers.authorization === undefined) return ANONYMOUS;
    if (error.flaw === "missing") throw error;
    // All who have gone meanwhile count as one address: nobody waits for their answers.
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

/** undefined: anyone may call it. To be told that a path is unknown takes the role read. */
function needOf({ is404, routeOptions, params }: FastifyRequest): Need | undefined {
  const role = is404 ? "read" : routeOptions.config.role;
  if (role === "anyone") return undefined;
  const { service } = params as { readonly service?: string };
  return { role, service };
}
