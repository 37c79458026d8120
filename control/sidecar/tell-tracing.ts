import type { TracingSpec } from "../config/tracing-schema.ts";
import type { Briefing } from "../workers/briefing.ts";
import type { Workers } from "../workers/workers.ts";

/** Says what is traced from now on, and where spans go. undefined: nothing is. */
export type TellTracing = (spec: TracingSpec | undefined) => Promise<void>;

/** Tells whoever sends spans, all workers, and those that start later. */
export function tracingTeller(
  briefing: Pick<Briefing, "tracing">,
  workers: Pick<Workers, "askEach">,
  spans: { follow(spec: TracingSpec | undefined): void },
): TellTracing {
  return async (spec) => {
    spans.follow(spec);
    const ratio = spec?.ratio;
    // A worker of older code does not know the question, and nobody asks it without need.
    if (briefing.tracing === ratio) return;
    briefing.tracing = ratio;
    await workers.askEach(() => ({ kind: "tracing", ratio }));
  };
}
