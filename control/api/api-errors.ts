import { ControlError } from "../base/errors.ts";

/** Errors that only HTTP requests can cause. Their codes are stable: people script against them. */

/** A write without If-Match (RFC 6585 section 3). */
export function preconditionRequired(): ControlError {
  const message =
    'Cannot write without If-Match: wanted If-Match: "REVISION" (the ETag of a read) or *, ' +
    "found none";
  return new ControlError("precondition_required", 428, message);
}

/** What must say why, and does not: a forced write, or a freeze. */
export function reasonRequired(what: "force" | "freeze" = "force"): ControlError {
  const message = `Cannot ${what} without a reason: wanted X-Sluice-Reason, found none`;
  return new ControlError("reason_required", 400, message);
}

/** A header field that cannot be read. `found` is shown as it is: cut it before. */
export function invalidHeader(name: string, wanted: string, found: string): ControlError {
  const message = `Cannot read header ${name}: wanted ${wanted}, found ${found}`;
  return new ControlError("invalid_header", 400, message);
}

/** A path with nothing behind it. */
export function unknownPath(method: string): ControlError {
  const hint = "nothing is at this path; /v1/openapi.json lists what is";
  const message = `Cannot answer ${method}: ${hint}`;
  return new ControlError("unknown_path", 404, message);
}

/** A path that is there, but not for this method. `allow`: the methods that it takes. */
export class MethodNotAllowedError extends ControlError {
  readonly allow: string;

  constructor(method: string, allow: string) {
    super("method_not_allowed", 405, `Cannot ${method} here: wanted ${allow}`);
    this.allow = allow;
  }
}

/** A Host that is not ours, as when a web page has rebound its name to our address. */
export function misdirected(): ControlError {
  const message = "Cannot answer for this Host: wanted localhost or a loopback address";
  return new ControlError("misdirected_request", 421, message);
}

/** A write that a page of another site makes through somebody's browser. */
export function crossOrigin(): ControlError {
  return new ControlError("cross_origin", 403, "Cannot write from a page of another origin");
}

/** Too many event streams are open. */
export function tooManySubscribers(max: number): ControlError {
  const message = `Cannot open another event stream: ${max} are open, the most there may be`;
  return new ControlError("too_many_subscribers", 503, message);
}

/** The table is kept by this sidecar alone. */
export function noFleet(): ControlError {
  const message = "Cannot ask the fleet: wanted store kind consul, which sidecars share";
  return new ControlError("no_fleet", 404, message);
}

/** Nothing is frozen there. */
export function noFreeze(service: string | undefined): ControlError {
  const what = service === undefined ? "all services" : service;
  return new ControlError("no_freeze", 404, `Cannot end a freeze of ${what}: there is none`);
}

/** No shift waits for that. */
export function nothingToConfirm(service: string): ControlError {
  const message = `Cannot confirm a shift of ${service}: none waits for that`;
  return new ControlError("no_trial", 404, message);
}

/** The workers' counts are needed and did not arrive. */
export function statsUnavailable(reason: string): ControlError {
  return new ControlError("stats_unavailable", 503, `Cannot read the workers' counts: ${reason}`);
}
