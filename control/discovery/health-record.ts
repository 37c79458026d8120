import type { HealthCheck } from "../config/service.ts";

/** The health of one endpoint by its probes, with HAProxy's rise and fall. */
export class HealthRecord {
  #healthy = true;
  #against = 0;

  /** true until the first fall: an endpoint that nobody has asked yet must not cause a 503. */
  get healthy(): boolean {
    return this.#healthy;
  }

  /** Counts a probe. true: `healthy` changed, because enough in a row spoke against it. */
  add(succeeded: boolean, { rise, fall }: Pick<HealthCheck, "rise" | "fall">): boolean {
    this.#against = succeeded === this.#healthy ? 0 : this.#against + 1;
    if (this.#against < (this.#healthy ? fall : rise)) return false;
    this.#healthy = !this.#healthy;
    this.#against = 0;
    return true;
  }
}
