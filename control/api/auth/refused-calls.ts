import type { FastifyRequest } from "fastify";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import { appendFact } from "../../records/append-fact.ts";
import type { Audit } from "../../records/audit.ts";
import type { ControlError } from "../../base/errors.ts";
import { ToldRate } from "../../base/told-rate.ts";
import { ForbiddenError, TooManyAttemptsError, UnauthenticatedError } from "./auth-errors.ts";

/**
 * What a call's credential led to. missing, wrong, expired: 401; throttled: 429; forbidden: 403;
 * admitted: everything else.
 */
const AUTH_OUTCOMES = [
  "admitted",
  "missing",
  "wrong",
  "expired",
  "throttled",
  "forbidden",
] as const;

type Outcome = (typeof AUTH_OUTCOMES)[number];

/**
 * How many refusals are recorded: enough at once to show a whole mistake, then so few that endless
 * calls add less than a megabyte a day to the audit log, which is never emptied.
 */
const TOLD = { burst: 10, everyMs: 60_000 };

/** What recording refusals takes. */
export type RefusedCallsDeps = {
  readonly audit: Pick<Audit, "append">;
  readonly log: Log;
  readonly clock: Clock;
  /** The table's revision. */
  readonly revision: () => number;
};

/** Counts calls by what their credentials led to, and records those that were refused. */
export class RefusedCalls {
  readonly #deps: RefusedCallsDeps;
  readonly #counts = new Map<Outcome, number>(AUTH_OUTCOMES.map((outcome) => [outcome, 0]));
  readonly #rate: ToldRate;

  constructor(deps: RefusedCallsDeps) {
    this.#deps = deps;
    this.#rate = new ToldRate(TOLD, deps.clock);
  }

  /** Since the start of this process. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Counts a call that goes to its handler. */
  admit(): void {
    this.#count("admitted");
  }

  /** Notes an error that a call ended with; most have nothing to do with credentials. */
  note(error: unknown, request: FastifyRequest): void {
    const outcome = outcomeOf(error);
    if (outcome === undefined) return;
    this.#count(outcome);
    const untold = this.#rate.take();
    if (untold === undefined) return;
    const told = { ...callOf(request), outcome, ...(untold > 0 && { untold }) };
    this.#tell(error as ControlError, request, told);
  }

  #count(outcome: Outcome): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  #tell(error: ControlError, request: FastifyRequest, fields: object): void {
    const actor = actorOf(error, request);
    this.#deps.log.warn("api.refused", { actor, ...fields, error: error.message });
    const { service = "" } = request.params as { readonly service?: string };
    const revision = this.#deps.revision();
    const fact = { actor, action: "refused", service, reason: undefined, revision };
    void appendFact(this.#deps, { ...fact, before: undefined, after: fields });
  }
}

function outcomeOf(error: unknown): Outcome | undefined {
  if (error instanceof UnauthenticatedError) return error.flaw;
  if (error instanceof TooManyAttemptsError) return "throttled";
  return error instanceof ForbiddenError ? "forbidden" : undefined;
}

function actorOf(error: ControlError, { principal }: FastifyRequest): string {
  if (error instanceof ForbiddenError) return principal.actor;
  return (error instanceof UnauthenticatedError ? error.actor : undefined) ?? "anonymous";
}

/** The route and not the path, which may hold anything; and who is at the other end. */
export function callOf({ method, routeOptions, socket }: FastifyRequest): {
  readonly call: string;
  readonly peer: string | undefined;
} {
  return { call: `${method} ${routeOptions.url ?? "(none)"}`, peer: socket.remoteAddress };
}
