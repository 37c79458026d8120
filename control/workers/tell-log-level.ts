import type { LogDial, LogLevel } from "../../proxy/base/log-level.ts";
import type { Briefing } from "./briefing.ts";
import type { Workers } from "./workers.ts";

/** Says from which level on everybody's log is written from now on. */
export type TellLogLevel = (level: LogLevel) => Promise<void>;

/** Sets this process' dial, and tells all workers and those that start later. */
export function logLevelTeller(
  dial: LogDial,
  briefing: Pick<Briefing, "logLevel">,
  workers: Pick<Workers, "askEach">,
): TellLogLevel {
  return async (level) => {
    dial.level = level;
    briefing.logLevel = level;
    await workers.askEach(() => ({ kind: "logLevel", level }));
  };
}
