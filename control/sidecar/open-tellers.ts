import type { LogDial } from "../../proxy/base/log-level.ts";
import type { TracingSpec } from "../config/tracing-schema.ts";
import type { Briefing } from "../workers/briefing.ts";
import { accessLogTeller } from "../workers/tell-access-log.ts";
import type { TellAccessLog } from "../workers/tell-access-log.ts";
import { logLevelTeller } from "../workers/tell-log-level.ts";
import type { TellLogLevel } from "../workers/tell-log-level.ts";
import type { Workers } from "../workers/workers.ts";
import { tracingTeller } from "./tell-tracing.ts";
import type { TellTracing } from "./tell-tracing.ts";

/** Who is told. */
export type Told = {
  readonly briefing: Briefing;
  readonly workers: Workers;
  readonly spans: { follow(spec: TracingSpec | undefined): void };
};

/** How workers are told what to tell. `dial`: of this process. */
export function openTellers(
  dial: LogDial,
  { briefing, workers, spans }: Told,
): {
  readonly tellAccessLog: TellAccessLog;
  readonly tellLogLevel: TellLogLevel;
  readonly tellTracing: TellTracing;
} {
  return {
    tellAccessLog: accessLogTeller(briefing, workers),
    tellLogLevel: logLevelTeller(dial, briefing, workers),
    tellTracing: tracingTeller(briefing, workers, spans),
  };
}
