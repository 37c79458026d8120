import { ControlError } from "../base/errors.ts";
import type { Freeze } from "./freezes.ts";

/** There is no such rollout, or it is one of long ago. */
export class UnknownRolloutError extends ControlError {
  constructor(id: string) {
    super("unknown_rollout", 404, `Cannot find rollout ${JSON.stringify(id)}`);
  }
}

/** A rollout cannot begin. */
export class RolloutStartError extends ControlError {
  constructor(service: string, wanted: string, found: string) {
    const message = `Cannot begin a rollout of ${service}: wanted ${wanted}, found ${found}`;
    super("rollout_unfit", 409, message);
  }
}

/** A rollout is in a phase in which this cannot be done. */
export class RolloutVerbError extends ControlError {
  constructor(verb: string, id: string, wanted: string, found: string) {
    super("rollout_phase", 409, `Cannot ${verb} rollout ${id}: wanted ${wanted}, found ${found}`);
  }
}

/** Weights stay as they are for now. */
export class FrozenError extends ControlError {
  constructor(service: string, freeze: Freeze) {
    super("frozen", 409, `Cannot change the weights of ${service}: ${freezeText(freeze)}`);
  }
}

/** `it is frozen until TIME, as ann said: holidays`. */
export function freezeText({ service, untilMs, actor, reason }: Freeze): string {
  const what = service === undefined ? "everything" : "it";
  const because = reason === undefined ? "" : `: ${reason}`;
  return `${what} is frozen until ${new Date(untilMs).toISOString()}, as ${actor} said${because}`;
}

/** The weights of a service are a rollout's. */
export class ServiceOwnedError extends ControlError {
  constructor(service: string, id: string, actor: string) {
    const advice = "pause or abort it, or take the service over";
    const why = `rollout ${id}, which ${actor} began, looks after its weights; ${advice}`;
    super("rollout_owns", 409, `Cannot change the weights of ${service}: ${why}`);
  }
}
