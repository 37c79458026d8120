import { z } from "zod";
import type { RolloutMetrics } from "../views/metrics.ts";
import type { SenderMatch } from "../config/route-schema.ts";
import { whyNow } from "./led-rollout.ts";
import type { LiveView } from "./led-rollout.ts";
import { PHASES, wantedShare } from "./rollout.ts";
import type { Rollout, RolloutStage } from "./rollout.ts";

const whySchema = z.object({
  rule: z.string().describe("Stable, for programs"),
  text: z.string().describe("For people, with the numbers"),
});

const evidenceSchema = z
  .object({
    state: z.enum(["running", "passed", "failed", "inconclusive"]),
    against: z.number().describe("Evidence against the new version; 1 before anything is known"),
    limit: z.number().describe("From there on it is bad"),
    missing: z.array(z.string()).describe("What is still to be shown"),
    excessFailures: z.number().describe("Failures above those at the old version's rate"),
    excessRateMax: z.number().describe("The excess of its error rate is below this, 0 … 1"),
    metrics: z.array(
      z.object({
        name: z.string(),
        against: z.number(),
        part: z.number().describe("Of the evidence in all, 0 … 1"),
        fine: z.boolean().describe("Shown to be no worse"),
      }),
    ),
  })
  .describe("Absent: there is none yet or any more, or another sidecar knows it");

/** A rollout, as the API tells it. */
export const rolloutViewSchema = z.object({
  id: z.string(),
  service: z.string(),
  from: z.string(),
  to: z.string(),
  strategy: z.string(),
  group: z.array(z.string()).optional().describe("Services in lock-step; absent: it is alone"),
  stages: z.array(z.string()).describe("Its plan, in words"),
  stage: z.int().describe("Which of them it is in, from 0; their number: none any more"),
  phase: z.enum(PHASES),
  share: z.number().describe("The new version's part of what both get, 0 … 1"),
  shareSince: z.iso.datetime(),
  why: whySchema.describe("Why it is in this phase"),
  now: whySchema.optional().describe("Why it stays where it is; absent: nobody leads it here"),
  settled: z.boolean().describe("The table shows what it asks for"),
  released: z.boolean().describe("Somebody has taken the service over"),
  actor: z.string(),
  reason: z.string().optional(),
  started: z.iso.datetime(),
  seen: z.string().optional().describe("`1 of 1`: sidecars whose requests the last second holds"),
  evidence: evidenceSchema.optional(),
  history: z.array(
    whySchema.extend({
      time: z.iso.datetime(),
      decision: z.string(),
      phase: z.enum(PHASES),
      share: z.number(),
      by: z.string().optional(),
    }),
  ),
});

/** The same as a type. */
export type RolloutView = z.output<typeof rolloutViewSchema>;

/** A rollout as it is stored, with what is known of it here. */
export function rolloutView(rollout: Rollout, live: LiveView | undefined): RolloutView {
  const { id, spec, phase, step, why, settled, released, actor, reason, stage } = rollout;
  const { service, from, to, strategy, stages, group } = spec;
  return {
    id,
    service,
    from,
    to,
    strategy,
    group: group && [...group.services],
    stages: stages.map(stageText),
    stage,
    phase,
    share: wantedShare(rollout),
    shareSince: timeText(step.sinceMs),
    why,
    now: whyNow(rollout, live),
    settled,
    released,
    actor,
    reason,
    started: timeText(rollout.startedMs),
    seen: live === undefined || live.of === 0 ? undefined : `${live.seen} of ${live.of}`,
    // With all of the traffic there is nothing to compare with, and nothing to be shown.
    evidence: wantedShare(rollout) === 1 ? undefined : evidenceOf(live),
    history: rollout.history.map(({ atMs, kind, ...decided }) => {
      return { ...decided, time: timeText(atMs), decision: kind };
    }),
  };
}

/** A rollout as metrics. */
export function rolloutMetrics(rollout: Rollout, live: LiveView | undefined): RolloutMetrics {
  const { spec, phase } = rollout;
  const verdict = live?.verdict;
  const seen = verdict && {
    evidence: verdict.against / verdict.limit,
    failures: verdict.excessFailures,
  };
  return { service: spec.service, phase, phases: PHASES, share: wantedShare(rollout), seen };
}

function evidenceOf(live: LiveView | undefined): RolloutView["evidence"] {
  if (live?.verdict === undefined) return undefined;
  const { state, against, limit, excessFailures, excessRateMax } = live.verdict;
  const metrics = live.verdict.metrics.map((each) => ({ ...each }));
  const missing = [...live.verdict.missing];
  return { state, against, limit, missing, excessFailures, excessRateMax, metrics };
}

/** `weight 5 %`, `pause 60 s`. */
function stageText(stage: RolloutStage): string {
  switch (stage.kind) {
    case "weight":
      return `weight ${Number((100 * stage.share).toPrecision(4))} %`;
    case "headerRoute":
      return `only requests with ${namesOf(stage.match).join(", ")}`;
    case "mirror":
      return `copies of ${stage.copies.percent ?? 100} % of the requests`;
    case "pause":
      return stage.forMs === undefined ? "pause until promoted" : `pause ${seconds(stage.forMs)}`;
    case "checks":
    case "keep":
      return `${stage.kind} ${seconds(stage.forMs)}`;
    case "rolling": {
      const { maxUnavailable: most } = stage;
      const size = most.kind === "count" ? `${most.count}` : `${100 * most.part} %`;
      return `endpoints by ${size}`;
    }
    case "evidence":
    case "analysis":
      return stage.kind;
  }
}

/** Without the values: some of them let people in. */
function namesOf({ headers = {}, cookies = {} }: SenderMatch): readonly string[] {
  return [...Object.keys(headers), ...Object.keys(cookies).map((name) => `cookie ${name}`)];
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
