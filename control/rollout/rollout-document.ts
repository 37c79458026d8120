import { z } from "zod";
import { StoreError } from "../base/errors.ts";
import { copiesAsked } from "../config/mirror-schema.ts";
import { senderMatch } from "../config/route-schema.ts";
import { HOOK_POINTS } from "./others-asked.ts";
import { PHASES } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** Tells ours from other documents. */
const FORMAT = "sluice-rollouts";

/** Raised when earlier sidecars can no longer read it. */
const FORMAT_VERSION = 1;

/** Rollouts of a service that are kept after the latest, to be looked at and tried again. */
const PAST_KEPT_MAX = 5;

/** The rollouts of one service: what one document holds. */
export type ServiceRollouts = {
  readonly latest: Rollout;
  /** Those before it, the latest first. */
  readonly past: readonly Rollout[];
};

const share = z.number().min(0).max(1);
const timeMs = z.number().min(0);
const why = z.object({ rule: z.string(), text: z.string() });
const weights = z.record(z.string(), z.int().min(0));

const match = senderMatch.optional();
const copies = copiesAsked.optional();

const rolling = z.object({ drained: z.array(z.string()), of: z.int() }).optional();

const maxUnavailable = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("count"), count: z.int() }),
  z.object({ kind: z.literal("part"), part: share }),
]);

const stage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("evidence") }),
  z.object({ kind: z.literal("weight"), share }),
  z.object({ kind: z.literal("headerRoute"), match: senderMatch }),
  z.object({ kind: z.literal("mirror"), copies: copiesAsked }),
  z.object({ kind: z.literal("pause"), forMs: timeMs.optional() }),
  z.object({ kind: z.literal("analysis") }),
  z.object({ kind: z.literal("rolling"), maxUnavailable, checksForMs: timeMs }),
  z.object({ kind: z.literal("checks"), forMs: timeMs }),
  z.object({ kind: z.literal("keep"), forMs: timeMs }),
]);

const judge = z.object({
  alpha: share,
  beta: share,
  errors: z.object({
    margin: share,
    cap: z.number(),
    part: share,
    failuresMin: z.number(),
    unit: z.enum(["request", "key"]),
    aloneFactor: z.number(),
  }),
  latency: z.array(
    z.object({
      quantile: share,
      factor: z.number(),
      ms: z.number(),
      clearFactor: z.number(),
      clearMs: z.number(),
      part: share,
    }),
  ),
  warmUpS: z.number(),
  warmUpFactor: z.number(),
  freshStartS: z.number(),
});

const ramp = z.object({
  ladder: z.array(share).min(1),
  firstMax: share,
  growthMax: z.number(),
  budgetFailures: z.number(),
  budgetSlow: z.number(),
  reactionS: z.number(),
  excessMax: share,
  mustBeFine: z.array(z.int()),
  soakS: z.number(),
  settleS: z.number(),
});

const patience = z.object({
  requestsMin: z.number(),
  holdMaxS: z.number(),
  onInconclusive: z.enum(["pause", "promote", "abort"]),
});

const spec = z.object({
  service: z.string(),
  from: z.string(),
  to: z.string(),
  strategy: z.enum(["canary", "blueGreen", "rolling"]),
  stages: z.array(stage),
  forced: z.boolean().optional(),
  hooks: z.partialRecord(z.enum(HOOK_POINTS), z.array(z.string())).optional(),
  metrics: z
    .array(
      z.object({
        name: z.string(),
        min: z.number().optional(),
        max: z.number().optional(),
        everyMs: timeMs,
        failures: z.int(),
      }),
    )
    .optional(),
  group: z.object({ id: z.string(), services: z.array(z.string()) }).optional(),
  policy: z.object({ judge, ramp, patience }),
  guardRails: z.object({ errorRateMax: share.optional(), p99MsMax: z.number().optional() }),
  capacity: z
    .object({ perEndpoint: z.union([z.number().positive(), z.literal("observed")]) })
    .optional(),
});

/** A rollout as stores and logs hold it. */
export const rolloutSchema = z.object({
  id: z.string(),
  spec,
  actor: z.string(),
  reason: z.string().optional(),
  startedMs: timeMs,
  before: weights,
  phase: z.enum(PHASES),
  why,
  step: z.object({ number: z.int().min(0), share, match, copies, rolling, sinceMs: timeMs }),
  stage: z.int().min(0),
  stageSinceMs: timeMs,
  retreat: z.object({ fromShare: share, sinceMs: timeMs, forMs: timeMs }).optional(),
  settled: z.boolean(),
  revision: z.int().min(0),
  released: z.boolean(),
  history: z.array(
    why.extend({
      atMs: timeMs,
      kind: z.string(),
      phase: z.enum(PHASES),
      share,
      by: z.string().optional(),
    }),
  ),
});

const documentSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  latest: rolloutSchema,
  past: z.array(rolloutSchema),
});

/** The rollouts of a service with this one as the latest, or in the latest's place. */
export function withRollout(known: ServiceRollouts | undefined, rollout: Rollout): ServiceRollouts {
  if (known === undefined) return { latest: rollout, past: [] };
  if (known.latest.id === rollout.id) return { ...known, latest: rollout };
  return { latest: rollout, past: [known.latest, ...known.past].slice(0, PAST_KEPT_MAX) };
}

/** The text of a document. */
export function encodeRollouts({ latest, past }: ServiceRollouts): string {
  return JSON.stringify({ format: FORMAT, formatVersion: FORMAT_VERSION, latest, past });
}

/** Reads what encodeRollouts() wrote; `name` is for the error. @throws StoreError store_foreign */
export function decodeRollouts(text: string, name: string): ServiceRollouts {
  try {
    const { latest, past } = documentSchema.parse(JSON.parse(text));
    return { latest: latest as Rollout, past: past as readonly Rollout[] };
  } catch (error) {
    const message = `Cannot read the rollouts of ${name}: this version does not know their form`;
    throw new StoreError("store_foreign", message, { cause: error });
  }
}
