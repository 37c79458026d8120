import type { FastifyRequest } from "fastify";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { ControlError } from "../base/errors.ts";
import { ToldRate } from "../base/told-rate.ts";
import { ForbiddenError } from "./auth/auth-errors.ts";
import { callOf } from "./auth/refused-calls.ts";
import type { Principal } from "./auth/principal.ts";

/** A controller that repeats a refused write without end adds some megabytes a day to the log. */
const TOLD = { burst: 10, everyMs: 10_000 };

/** Longest text of an error in the log: it may list every mistake of a large document. */
const ERROR_LENGTH_MAX = 1_000;

/** By the browser guard, by the guard of traffic or another state, by the revision, by shape. */
const STATUSES: ReadonlySet<number> = new Set([403, 409, 412, 422]);

/** Tells in the log of writes that were refused: what somebody tried is part of what happened. */
export class RefusedWrites {
  readonly #log: Log;
  readonly #rate: ToldRate;

  constructor({ log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#log = log;
    this.#rate = new ToldRate(TOLD, clock);
  }

  /** Takes note of an error that a call ends with. Who lacks a right is told by RefusedCalls. */
  note(error: unknown, request: FastifyRequest): void {
    if (!(error instanceof ControlError) || error instanceof ForbiddenError) return;
    if (!STATUSES.has(error.status) || !isWrite(request)) return;
    const untold = this.#rate.take();
    if (untold === undefined) return;
    const { service } = request.params as { readonly service?: string };
    this.#log.warn("write.refused", {
      actor: actorOf(request),
      ...callOf(request),
      ...(service !== undefined && { service }),
      code: error.code,
      error: cut(error.message),
      ...(untold > 0 && { untold }),
    });
  }
}

/** A plan only asks. */
function isWrite({ method, routeOptions }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD" && routeOptions.url?.endsWith("/plan") !== true;
}

/** The browser guard refuses before anybody asks who it is. */
function actorOf(request: { readonly principal?: Principal }): string {
  return request.principal?.actor ?? "anonymous";
}

function cut(text: string): string {
  return text.length > ERROR_LENGTH_MAX ? `${text.slice(0, ERROR_LENGTH_MAX)}…` : text;
}
