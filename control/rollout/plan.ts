import { PRESETS } from "../analysis/judge-policy.ts";
import type { RolloutPolicy } from "../analysis/judge-policy.ts";
import type { PolicyRequest, RolloutRequest } from "./rollout-schema.ts";
import type { RolloutSpec, RolloutStage } from "./rollout.ts";

/** How long a share of `steps` holds when nothing else is said. */
const STEP_FOR_MS = 60_000;

/** How long the new version must have been healthy before the switch, or the next batch. */
const CHECKS_FOR_MS = 10_000;

/** How often a metric is read, and how many bad readings in a row abort. */
const METRIC_EVERY_MS = 30_000;
const METRIC_FAILURES = 2;

/** How long its old version is kept as it is after the switch. */
const KEEP_OLD_FOR_MS = 600_000;

/** What is asked for, with every default. `from`: the version that has the traffic. */
export function specOf(request: Omit<RolloutRequest, "group">, from: string): RolloutSpec {
  const { service, to, strategy = "canary", guardRails = {}, capacity } = request;
  return {
    service,
    from,
    to,
    strategy,
    stages: STAGES[strategy](request),
    ...(request.force && { forced: true }),
    ...(request.hooks && { hooks: request.hooks }),
    ...(request.metrics && { metrics: request.metrics.map(limitOf) }),
    policy: policyOf(request),
    guardRails: { errorRateMax: guardRails.errorRate, p99MsMax: guardRails.p99 },
    capacity: capacity === undefined ? undefined : { perEndpoint: capacity.perEndpoint },
  };
}

function limitOf(
  metric: NonNullable<RolloutRequest["metrics"]>[number],
): NonNullable<RolloutSpec["metrics"]>[number] {
  const { name, min, max, every: everyMs = METRIC_EVERY_MS, failures = METRIC_FAILURES } = metric;
  return { name, min, max, everyMs, failures };
}

const STAGES = { canary, blueGreen, rolling };

/** The policy that is asked for: a preset's, with what is said in its place. */
export function policyOf({ preset = "standard", ...own }: PolicyRequest): RolloutPolicy {
  const { judge, ramp, patience } = PRESETS[preset];
  return {
    judge,
    ramp: {
      ...ramp,
      soakS: own.soak === undefined ? ramp.soakS : own.soak / 1_000,
      budgetFailures: own.budget ?? ramp.budgetFailures,
    },
    patience: {
      requestsMin: own.minRequests ?? patience.requestsMin,
      holdMaxS: own.maxHold === undefined ? patience.holdMaxS : own.maxHold / 1_000,
      onInconclusive: own.onInconclusive ?? patience.onInconclusive,
    },
  };
}

function blueGreen(request: RolloutRequest): readonly RolloutStage[] {
  const { preview, gate = false, checksFor, keepOldFor } = request;
  return [
    ...(preview === undefined ? [] : [{ kind: "headerRoute", match: preview } as const]),
    { kind: "checks", forMs: checksFor ?? CHECKS_FOR_MS },
    ...(gate ? [{ kind: "pause", forMs: undefined } as const] : []),
    { kind: "weight", share: 1 },
    { kind: "keep", forMs: keepOldFor ?? KEEP_OLD_FOR_MS },
  ];
}

function rolling({ maxUnavailable = 1, checksFor }: RolloutRequest): readonly RolloutStage[] {
  const isCount = typeof maxUnavailable === "number";
  const most = isCount
    ? { kind: "count" as const, count: maxUnavailable }
    : { kind: "part" as const, part: Number.parseFloat(maxUnavailable) / 100 };
  return [{ kind: "rolling", maxUnavailable: most, checksForMs: checksFor ?? CHECKS_FOR_MS }];
}

function canary({ steps, stepFor = STEP_FOR_MS }: RolloutRequest): readonly RolloutStage[] {
  if (steps === undefined) return [{ kind: "evidence" }];
  return steps.flatMap((step, index): RolloutStage[] => {
    if (typeof step === "number") {
      const weight: RolloutStage = { kind: "weight", share: step / 100 };
      // Behind the last stage it gets everything anyway.
      const isEnd = step === 100 && index === steps.length - 1;
      return isEnd ? [] : [weight, { kind: "pause", forMs: stepFor }];
    }
    if ("setWeight" in step) return [{ kind: "weight", share: step.setWeight / 100 }];
    if ("pause" in step) return [{ kind: "pause", forMs: step.pause.duration }];
    if ("analysis" in step) return [{ kind: "analysis" }];
    if ("mirror" in step) return [{ kind: "mirror", copies: step.mirror }];
    return [{ kind: "headerRoute", match: step.setHeaderRoute }];
  });
}
