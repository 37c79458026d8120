import type { AccessLogSpec } from "../../proxy/table/access-log-spec.ts";
import type { Briefing } from "./briefing.ts";
import type { Workers } from "./workers.ts";

/** Says how lines are written from now on, to a file that is opened anew. undefined: none are. */
export type TellAccessLog = (spec: AccessLogSpec | undefined) => Promise<void>;

/** Tells all workers, and those that start later. One that does not answer in time is left out. */
export function accessLogTeller(
  briefing: Pick<Briefing, "accessLog">,
  workers: Pick<Workers, "askEach">,
): TellAccessLog {
  return async (spec) => {
    briefing.accessLog = spec;
    await workers.askEach(() => ({ kind: "accessLog", spec }));
  };
}
