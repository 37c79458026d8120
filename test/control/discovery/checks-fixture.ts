import { expect, onTestFinished } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { readService } from "../../../control/config/read-service.ts";
import { HealthChecks } from "../../../control/discovery/health-checks.ts";
import type { Discovery } from "../../../control/discovery/discovery.ts";
import type { HealthChecksDeps } from "../../../control/discovery/health-checks.ts";
import type { Service } from "../../../control/config/service.ts";
import type { Random } from "../../../proxy/base/random.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";

export const INTERVAL_MS = 1_000;
export const TIMEOUT_MS = 700;

/** A clock that knows how often a probe loop has gone to sleep. */
class LoopClock extends ManualClock {
  readonly loopSleepsMs: number[] = [];

  override async sleep(forMs: number, signal?: AbortSignal): Promise<void> {
    if (forMs !== TIMEOUT_MS) this.loopSleepsMs.push(forMs);
    return super.sleep(forMs, signal);
  }
}

const silent = (): void => undefined;

/** The middle of every range: the first probe after half an interval, then one every interval. */
const middle: Random = { next: () => 0.5 };

/** Health checks with what they said. */
export type ChecksFixture = {
  readonly checks: HealthChecks;
  readonly clock: LoopClock;
  /** Services of onChange, in order. */
  readonly changes: string[];
  /** `v1 ADDRESS down: REASON`, in order. */
  readonly events: string[];
  /** Lets time pass so that each of so many loops probes once; waits until all know the result. */
  readonly round: (loops?: number, forMs?: number) => Promise<void>;
};

/** Health checks by a clock that the test turns; closed with the test. */
export function healthChecks(
  deps: Pick<HealthChecksDeps, "inner" | "contextFor"> & { readonly random?: Random } = {},
): ChecksFixture {
  const clock = new LoopClock();
  const changes: string[] = [];
  const events: string[] = [];
  const checks = new HealthChecks({
    clock,
    random: deps.random ?? middle,
    log: { info: silent, warn: silent, error: silent },
    inner: deps.inner,
    contextFor: deps.contextFor,
    events: {
      emit: (event) => {
        if (event.kind !== "health") throw new Error(`Wanted health, found ${event.kind}`);
        const { kind, services, version, endpoint, healthy, reason } = event;
        const turn = healthy ? "up" : "down";
        events.push([kind, ...services, version, endpoint, turn, reason].join(" "));
      },
    },
  });
  checks.onChange = (service) => changes.push(service);
  onTestFinished(() => checks.close());
  const round = async (loops = 1, forMs = INTERVAL_MS): Promise<void> => {
    const wanted = clock.loopSleepsMs.length + loops;
    await clock.advance(forMs);
    await eventually(() => expect(clock.loopSleepsMs.length).toBe(wanted));
  };
  return { checks, clock, changes, events, round };
}

/** A health check that decides by one probe, except for what `parts` says. */
export function check(deps: Partial<ServiceDocument["healthCheck"]> = {}): ServiceDocument {
  return {
    versions: {},
    healthCheck: {
      path: "/health",
      interval: `${INTERVAL_MS}ms`,
      timeout: `${TIMEOUT_MS}ms`,
      rise: 1,
      fall: 1,
      ...deps,
    },
  };
}

/** Service `web` with these endpoints by version, as the checks get it. */
export function web(
  versions: Readonly<Record<string, readonly string[]>>,
  deps: Partial<ServiceDocument> = check(),
): Readonly<Record<string, Service>> {
  const documents = Object.entries(versions).map(([name, endpoints]) => [
    name,
    { weight: 1, endpoints },
  ]);
  const document = { ...deps, versions: Object.fromEntries(documents) as object };
  return { web: readService("web", document) };
}

/** `up` or `down` of each endpoint of a version, in order. */
export function healthOf(checks: Discovery, version: string, service = "web"): string[] {
  return checks.endpoints(service, version).map(({ healthy }) => (healthy ? "up" : "down"));
}
