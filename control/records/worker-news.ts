import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { WorkerEvent } from "../../proxy/messages/messages.ts";
import { ToldRate } from "../base/told-rate.ts";
import { eventOfWorker } from "./sluice-event.ts";
import type { SluiceEvent } from "./sluice-event.ts";

/**
 * A service whose endpoints all fail now and then, in several workers, would fill the log. What it
 * leaves out is in events and metrics.
 */
const TOLD = { burst: 20, everyMs: 10_000 };

/** What news of workers are told by. */
export type WorkerNewsDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: { emit(event: SluiceEvent): unknown };
};

/** Tells what workers report of endpoints, in events and in the log: that outlives the process. */
export class WorkerNews {
  readonly #deps: WorkerNewsDeps;
  readonly #rate: ToldRate;

  constructor(deps: WorkerNewsDeps) {
    this.#deps = deps;
    this.#rate = new ToldRate(TOLD, deps.clock);
  }

  /** Tells one of them. */
  tell(report: WorkerEvent): void {
    this.#deps.events.emit(eventOfWorker(report));
    const untold = this.#rate.take();
    if (untold === undefined) return;
    const { kind, ...about } = report;
    const fields = { ...about, ...(untold > 0 && { untold }) };
    const { log } = this.#deps;
    if (kind === "ejection") log.warn("endpoint.ejected", fields);
    else if (kind === "readmission") log.info("endpoint.readmitted", fields);
    else if (kind === "panic") log.warn("version.panic", fields);
    else log.info("version.panic-ended", fields);
  }
}
