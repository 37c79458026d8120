import { ControlError } from "../../base/errors.ts";

/** Somebody may not do this. `wanted` and `found`: what it takes, and what there is. */
export class ForbiddenError extends ControlError {
  constructor(wanted: string, found: string) {
    super("forbidden", 403, `Cannot do this: wanted ${wanted}, found ${found}`);
  }
}
