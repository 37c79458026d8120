import { z } from "zod";
import { copiesAsked } from "../config/mirror-schema.ts";
import { senderMatch } from "../config/route-schema.ts";
import { durationFrom, list, matching, name, strict, whole } from "../config/schema-parts.ts";

/** Services that go on in lock-step: with more of them one would always stand still. */
const GROUP_MAX = 8;

/** Hooks that are asked about one step, one after the other. */
const HOOKS_MAX = 8;

/** Numbers of one rollout. */
const METRICS_MAX = 16;

/** Most steps of a plan: one for each percent is more than anybody has patience for. */
const STEPS_MAX = 100;

const percent = z
  .number({ error: "a share from above 0 to 100" })
  .gt(0, { error: "a share above 0" })
  .max(100, { error: "a share of at most 100" });

const second = durationFrom(1_000, "1s");

const step = z.union(
  [
    percent,
    strict({ setWeight: percent }),
    strict({ pause: strict({ duration: second.optional() }) }),
    strict({ analysis: strict({}) }),
    strict({ setHeaderRoute: senderMatch }),
    strict({ mirror: copiesAsked }),
  ],
  {
    error:
      "a share in percent, { setWeight: 5 }, { pause: { duration: 5m } }, { pause: {} }, " +
      "{ analysis: {} }, { setHeaderRoute: { headers: { x-canary: '1' } } } or { mirror: {} }",
  },
);

type Step = z.output<typeof step>;

/** In percent. undefined: it leaves the share as it is. */
function shareOf(each: Step): number | undefined {
  if (typeof each === "number") return each;
  return "setWeight" in each ? each.setWeight : undefined;
}

/** Says of each step that cannot follow on the share before it, in percent, what is wanted. */
function checkOrder(steps: readonly Step[], context: z.RefinementCtx): void {
  let before = 0;
  for (const [index, each] of steps.entries()) {
    const message = wantedInstead(each, before);
    const found = typeof each === "number" ? `${each}` : Object.keys(each).join();
    const params = { found: `${found} at a share of ${before}` };
    if (message !== undefined) context.addIssue({ code: "custom", path: [index], message, params });
    before = shareOf(each) ?? before;
  }
}

/**
 * Shares rise, as what takes something back is an abort; what compares both versions needs requests
 * of both; what picks or copies requests must not have a share. undefined: it can follow.
 */
function wantedInstead(each: Step, before: number): string | undefined {
  if ((shareOf(each) ?? before) < before) {
    return `a share of at least ${before}, as only an abort takes something back`;
  }
  if (typeof each === "number") return undefined;
  if ("analysis" in each && before === 0) return "a share before analysis";
  if ("analysis" in each && before === 100) return "analysis while both versions have requests";
  const [key = ""] = Object.keys(each);
  const isLate = before > 0 && ["setHeaderRoute", "mirror"].includes(key);
  return isLate ? `${key} before the first share` : undefined;
}

const UNAVAILABLE_WANTED = "a number of endpoints, or a part such as 25%";

const hookNames = list(name, HOOKS_MAX);

const metricLimit = strict({
  name,
  min: z.number({ error: "a number" }).optional(),
  max: z.number({ error: "a number" }).optional(),
  every: second.optional().describe("How often it is read; absent: 30s"),
  failures: whole(1, 100).optional().describe("In a row that abort; absent: 2"),
}).refine(({ min, max }) => min !== undefined || max !== undefined, { error: "min, max or both" });

const guardRails = strict({
  errorRate: z
    .number({ error: "a rate from above 0 to 1" })
    .gt(0, { error: "a rate above 0" })
    .max(1, { error: "a rate of at most 1" })
    .optional()
    .describe("0 … 1: the new version's error rate in 30 s"),
  p99: durationFrom(1, "1ms").optional().describe("Its 99th percentile in 30 s"),
});

const shape = strict({
  service: name,
  to: name.describe("The version that is to get the traffic; it has none now"),
  from: name.optional().describe("The version that has it; needed when several have"),
  group: list(strict({ service: name, to: name, from: name.optional() }), GROUP_MAX - 1)
    .min(1, { error: "at least one other service" })
    .optional()
    .describe("Other services, which move in lock-step with this one, by the same plan"),
  strategy: z
    .enum(["canary", "blueGreen", "rolling"], { error: "one of canary, blueGreen, rolling" })
    .optional()
    .describe("Absent: canary"),
  preset: z
    .enum(["careful", "standard", "fast"], { error: "one of careful, standard, fast" })
    .optional()
    .describe("How long a canary must have been watched; absent: standard"),
  steps: list(step, STEPS_MAX)
    .superRefine(checkOrder)
    .optional()
    .describe("canary: these shares in percent, instead of those that the evidence allows"),
  stepFor: second.optional().describe("How long a bare share of `steps` holds; absent: 60s"),
  soak: second.optional().describe("Least time with both versions, instead of the preset's"),
  budget: whole(1, 1_000_000).optional().describe("Failed requests that it may cost; absent: 20"),
  minRequests: whole(0, 1_000_000)
    .optional()
    .describe("Of either version at each weight before anything is decided; absent: 20"),
  maxHold: second.optional().describe("Longest wait for evidence at one weight; absent: 30m"),
  onInconclusive: z
    .enum(["pause", "promote", "abort"], { error: "one of pause, promote, abort" })
    .optional()
    .describe("What happens then; absent: pause"),
  force: z
    .boolean()
    .optional()
    .describe("Begin although the versions are incompatible; needs a reason; absent: false"),
  hooks: strict({
    beforeStep: hookNames.optional().describe("Asked before each new weight"),
    beforePromotion: hookNames.optional().describe("Asked before the new version gets everything"),
    afterEnd: hookNames.optional().describe("Told how it has ended"),
  })
    .optional()
    .describe("Names of `rollouts.hooks` in the configuration file"),
  metrics: list(metricLimit, METRICS_MAX)
    .optional()
    .describe("Numbers of `rollouts.metrics` in the configuration file, and what they may be"),
  guardRails: guardRails.optional().describe("Limits, whatever the old version does"),
  capacity: strict({
    perEndpoint: z.union([whole(1, 1_000_000_000), z.literal("observed")], {
      error: "requests a second, from 1 to 1000000000, or observed",
    }),
  })
    .optional()
    .describe("Requests a second that an endpoint of the new version can carry, or observed"),
  maxUnavailable: z
    .union([whole(1, 10_000), matching(/^(?:100|[1-9]\d?)%$/, UNAVAILABLE_WANTED)], {
      error: UNAVAILABLE_WANTED,
    })
    .optional()
    .describe("rolling: old endpoints that may be missing at once, or a part of them; absent: 1"),
  checksFor: second
    .optional()
    .describe("blueGreen, rolling: how long it must be healthy; absent: 10s"),
  preview: senderMatch
    .optional()
    .describe("blueGreen: requests that the new version gets before the switch; absent: none"),
  gate: z
    .boolean()
    .optional()
    .describe("blueGreen: the switch waits until somebody promotes it; absent: false"),
  keepOldFor: second
    .optional()
    .describe("blueGreen: how long the old version stays as it is after the switch; absent: 10m"),
});

type Shape = z.output<typeof shape>;

/** Strategies by what only they take: what would mean nothing is refused. */
const STRATEGIES_OF: Readonly<Partial<Record<keyof Shape, readonly string[]>>> = {
  steps: ["canary"],
  stepFor: ["canary"],
  group: ["canary", "blueGreen"],
  maxUnavailable: ["rolling"],
  checksFor: ["blueGreen", "rolling"],
  preview: ["blueGreen"],
  gate: ["blueGreen"],
  keepOldFor: ["blueGreen"],
};

/** The body of `POST /v1/rollouts`. */
export const rolloutRequest = shape.superRefine((request, context) => {
  const { strategy = "canary", service, group = [] } = request;
  const services = [service, ...group.map((each) => each.service)];
  if (new Set(services).size < services.length) {
    const message = "each service once";
    context.addIssue({ code: "custom", path: ["group"], message, params: { found: "twice" } });
  }
  for (const key of Object.keys(request) as (keyof Shape)[]) {
    const strategies = STRATEGIES_OF[key];
    if (strategies === undefined || strategies.includes(strategy)) continue;
    const message = `no ${key}, which is for ${strategies.join(" and ")}`;
    context.addIssue({ code: "custom", path: [key], message, params: { found: strategy } });
  }
});

/** What of it is a policy. */
export const policyRequest = shape.pick({
  preset: true,
  soak: true,
  budget: true,
  minRequests: true,
  maxHold: true,
  onInconclusive: true,
});

/** A policy, read. */
export type PolicyRequest = z.output<typeof policyRequest>;

/** What somebody asks for, read. */
export type RolloutRequest = z.output<typeof rolloutRequest>;
