import type { FilterRefusalReport } from "../../proxy/table/filter-spec.ts";

/**
 * Every error that the control plane raises on purpose. `code` is stable: people script against it.
 */

/** One thing wrong with a document. Its text is `path: wanted …, found …`. */
export type Problem = {
  /** Where it is, as `services.web.versions.v1.weight` or `listeners[0].bind`; "" is the whole. */
  readonly path: string;
  readonly wanted: string;
  /** What stands there, cut short; never the value of a secret. */
  readonly found: string;
  /** Line of the file, from 1. undefined: not known, or not from a file. */
  readonly line?: number;
  /** Column of the file, from 1. */
  readonly column?: number;
};

/** Writes a problem as one line. */
export function problemText(problem: Problem): string {
  const subject = problem.path === "" ? "" : `${problem.path}: `;
  const place =
    problem.line === undefined ? "" : ` (line ${problem.line}, column ${problem.column ?? 1})`;
  return `${subject}wanted ${problem.wanted}, found ${problem.found}${place}`;
}

/** Base of all errors here. `status` is the HTTP status that the control API answers with. */
export class ControlError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.status = status;
  }
}

/** A configuration file cannot be used. Holds every problem that was found, not only the first. */
export class ConfigError extends ControlError {
  readonly problems: readonly Problem[];

  constructor(source: string, problems: readonly Problem[]) {
    super("config_invalid", 422, `Cannot use ${source}: ${problems.map(problemText).join("; ")}`);
    this.problems = problems;
  }
}

/** A document or value that we were sent is invalid. Holds every problem that was found. */
export class ValidationError extends ControlError {
  readonly problems: readonly Problem[];

  constructor(subject: string, problems: readonly Problem[]) {
    super("invalid", 422, `Cannot read ${subject}: ${problems.map(problemText).join("; ")}`);
    this.problems = problems;
  }
}

/**
 * What went wrong with a store. torn: the file is damaged. foreign: it belongs to another program
 * or has a newer format. untrusted: nobody who is trusted has signed it, or it is an old one.
 * locked: another process has it. unreadable and unwritable: the disk, or Consul.
 */
export type StoreErrorCode =
  | "store_torn"
  | "store_foreign"
  | "store_untrusted"
  | "store_locked"
  | "store_unreadable"
  | "store_unwritable";

/** A store cannot be read or written. The table that is in force stays in force. */
export class StoreError extends ControlError {
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(code, 503, message, options);
  }
}

/** The table is signed, and this sidecar has no key to sign with: it follows what others write. */
export class NoSigningKeyError extends ControlError {
  constructor() {
    const wanted = "wanted `store.signingKey` here, as the table is signed, found none";
    const advice = "write through a sidecar that has one";
    super("no_signing_key", 409, `Cannot write the table: ${wanted}; ${advice}`);
  }
}

/** Without its signature this sidecar would not follow the table itself. */
export class SignatureDemandedError extends ControlError {
  constructor() {
    const advice = "take `store.trust` out of the configuration of all sidecars first";
    const wanted = "wanted a sidecar without `store.trust`, found one with it";
    super("signature_demanded", 409, `Cannot write the table unsigned: ${wanted}; ${advice}`);
  }
}

/** The table has moved on from the revision that a write expected. */
export class RevisionConflictError extends ControlError {
  /** The revision that is there now. 0: the store holds no table. */
  readonly current: number;

  constructor(expected: number, current: number) {
    super("revision_conflict", 412, `Cannot write: wanted revision ${expected}, found ${current}`);
    this.current = current;
  }
}

/**
 * The change is stored, and this sidecar's workers will get it, but not all of them act on it yet.
 */
export class NotInForceError extends ControlError {
  /** The revision under which the change is stored. */
  readonly revision: number;

  constructor(revision: number, options?: ErrorOptions) {
    const reason = "it is stored, but not every worker acts on it";
    super("not_in_force", 503, `Cannot confirm revision ${revision}: ${reason}`, options);
    this.revision = revision;
  }
}

/** The change is stored and in force here, but not in the whole fleet, as far as can be known. */
export class FleetLagsError extends ControlError {
  /** The revision under which the change is stored. */
  readonly revision: number;

  constructor(revision: number, why: string, options?: ErrorOptions) {
    const message = `Cannot confirm revision ${revision} in the fleet: it is stored, but ${why}`;
    super("fleet_lags", 503, message, options);
    this.revision = revision;
  }
}

/**
 * The change would leave a service that has traffic without anything that serves it. Holds each of
 * those services as a problem.
 */
export class NothingWouldServeError extends ControlError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const advice = "make something else serve first, or force it and give a reason";
    const message = `Cannot write: ${problems.map(problemText).join("; ")}; ${advice}`;
    super("nothing_would_serve", 409, message);
    this.problems = problems;
  }
}

/** A version could not live beside another one, or without one. */
export class IncompatibleError extends ControlError {
  constructor(flaws: readonly string[]) {
    const advice = "change that first, or force it and give a reason";
    super("incompatible", 409, `Cannot write: ${flaws.join("; ")}; ${advice}`);
  }
}

/** What a service was before is not known. */
export class NoUndoError extends ControlError {
  constructor(service: string, wanted: string, found: string) {
    super("no_undo", 409, `Cannot undo ${service}: wanted ${wanted}, found ${found}`);
  }
}

/** Too many writes wait for their turn. */
export class BusyError extends ControlError {
  constructor(waiting: number) {
    super("busy", 503, `Cannot write: ${waiting} other writes are waiting`);
  }
}

/** No such service. */
export class UnknownServiceError extends ControlError {
  constructor(service: string) {
    super("unknown_service", 404, `Cannot find service ${JSON.stringify(service)}`);
  }
}

/** No such version in the service. */
export class UnknownVersionError extends ControlError {
  constructor(service: string, version: string) {
    super("unknown_version", 404, `Cannot find version ${JSON.stringify(version)} of ${service}`);
  }
}

/** No such endpoint in the version. */
export class UnknownEndpointError extends ControlError {
  constructor(version: string, address: string) {
    super("unknown_endpoint", 404, `Cannot find endpoint ${JSON.stringify(address)} of ${version}`);
  }
}

/** No service has a filter of this name. */
export class UnknownFilterError extends ControlError {
  constructor(filter: string) {
    super("unknown_filter", 404, `Cannot find filter ${JSON.stringify(filter)}`);
  }
}

/**
 * A worker cannot use filters, so all workers keep those that they have. Names the filters and the
 * reason. `filter` "": one of the service's, nobody knows which.
 */
export class FilterRefusedError extends ControlError {
  constructor(refusals: readonly FilterRefusalReport[]) {
    // Workers refuse for the same reasons: each is told once.
    const reasons = new Set(refusals.map(refusalText));
    super("filter_refused", 422, `Cannot use ${[...reasons].join("; ")}`);
  }
}

function refusalText({ service, filter, reason }: FilterRefusalReport): string {
  const subject = filter === "" ? `the filters of ${service}` : `filter ${filter} of ${service}`;
  return `${subject}: ${reason}`;
}

/** The audit log cannot be read or written. */
export class AuditError extends ControlError {
  constructor(message: string, options?: ErrorOptions) {
    super("audit_failed", 503, message, options);
  }
}

/**
 * Sluice cannot listen at an address. Names the address, and the reason: a sentence, or the
 * system's own code.
 */
export class ListenError extends ControlError {
  constructor(bind: string, reason: string) {
    super("listen_failed", 503, `Cannot listen on ${bind}: ${listenReason(reason)}`);
  }
}

function listenReason(reason: string): string {
  if (reason === "EADDRINUSE") return `the address is in use (${reason})`;
  return /^E[A-Z0-9]+$/.test(reason) ? `the system refused it (${reason})` : reason;
}

/** A worker process did not do what it was asked. */
export class WorkerError extends ControlError {
  /** Which worker did what, without the action that failed. */
  readonly why: string;

  constructor(why: string) {
    super("worker_failed", 503, `Cannot act in every worker: ${why}`);
    this.why = why;
  }
}

/** The sidecar is about to end and takes no more of this. */
export class DrainingError extends ControlError {
  /** `action`: what is no longer possible, as a verb. */
  constructor(action: string) {
    super("draining", 503, `Cannot ${action}: the sidecar drains`);
  }
}

/** Another process is about to take this one's place, and the table with it. Ask again soon. */
export class HandingOverError extends ControlError {
  constructor() {
    super("handing_over", 503, "Cannot write: a new process is taking this one's place");
  }
}

/** An upgrade would end this process, and with it the service, for whoever supervises it. */
export class EndsServiceError extends ControlError {
  /** `role`: what this process is. */
  constructor(role: string) {
    const advice = "use `sluice swap`, or restart the service; or force it and give a reason";
    const message = `Cannot upgrade: wanted a process that may end, found ${role}; ${advice}`;
    super("would_end_service", 409, message);
  }
}

/** The workers' code cannot be replaced. Everything continues as if nobody had tried. */
export class SwapError extends ControlError {
  constructor(why: string, options?: ErrorOptions) {
    super("swap_refused", 409, `Cannot swap workers: ${why}`, options);
  }
}
