import { ControlError } from "../base/errors.ts";

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

/** The weights of a service are a rollout's. */
export class ServiceOwnedError extends ControlError {
  constructor(service: string, id: string, actor: string) {
    const advice = "pause or abort it, or take the service over";
    const why = `rollout ${id}, which ${actor} began, looks after its weights; ${advice}`;
    super("rollout_owns", 409, `Cannot change the weights of ${service}: ${why}`);
  }
}
