import type { RolloutPolicy } from "../analysis/judge-policy.ts";
import type { CopiesAsked } from "../config/mirror-schema.ts";
import type { SenderMatch } from "../config/route-schema.ts";
import type { RolloutDrains } from "../table/rollout-drains.ts";
import type { Capacity } from "./capacity.ts";
import type { HookNames, MetricLimit } from "./others-asked.ts";
import type { GuardRails } from "./guard-rails.ts";
import type { Why } from "./why.ts";

/**
 * Where a rollout stands. paused: somebody, or a rule, wants a person to look. inconclusive: there
 * was too little to decide by, for as long as it may wait. retreating: the old version gets
 * everything back bit by bit. successful and aborted are ends.
 */
export const PHASES = [
  "progressing",
  "paused",
  "inconclusive",
  "retreating",
  "successful",
  "aborted",
] as const;

/** One of them. */
export type Phase = (typeof PHASES)[number];

/**
 * A part of a rollout's plan; they are gone through in order, and the canary gets everything after
 * the last one.
 */
export type RolloutStage =
  /** Weights by evidence, until everything is shown. */
  | { readonly kind: "evidence" }
  /** This share of the requests, 0 … 1, at once. */
  | { readonly kind: "weight"; readonly share: number }
  /** No share, and all requests that match, at once. */
  | { readonly kind: "headerRoute"; readonly match: SenderMatch }
  /** No share, and copies of requests, at once. */
  | { readonly kind: "mirror"; readonly copies: CopiesAsked }
  /**
   * The weight in force for so long, and until both versions have had enough requests. undefined:
   * until somebody promotes it.
   */
  | { readonly kind: "pause"; readonly forMs: number | undefined }
  /** The weight in force until the canary is shown to be no worse. */
  | { readonly kind: "analysis" }
  /** Old endpoints leave in batches of at most that many, each when new ones have come. */
  | {
      readonly kind: "rolling";
      readonly maxUnavailable:
        | { readonly kind: "count"; readonly count: number }
        /** Of the old endpoints, 0 … 1: at least one. */
        | { readonly kind: "part"; readonly part: number };
      readonly checksForMs: number;
    }
  /** Until the canary's endpoints have been healthy for so long. */
  | { readonly kind: "checks"; readonly forMs: number }
  /** With all traffic at the new version, the old one kept as it is for so long. */
  | { readonly kind: "keep"; readonly forMs: number };

/** Endpoints of the old version that have been taken out. */
export type RollingStep = {
  /** Their addresses, in the order in which they left. */
  readonly drained: readonly string[];
  /** How many there were at the first batch. */
  readonly of: number;
};

/** A weight that a rollout asks for. Each has another number, also when the share is the same. */
export type Step = {
  /** From 0, where the canary has nothing. */
  readonly number: number;
  /** The canary's part of what both versions get, 0 … 1. */
  readonly share: number;
  /** Requests that the canary gets whatever its share is. Absent: none. */
  readonly match?: SenderMatch | undefined;
  /** Copies of requests that the canary gets. Absent: none. */
  readonly copies?: CopiesAsked | undefined;
  /** Absent: its endpoints are not taken out. */
  readonly rolling?: RollingStep | undefined;
  /** Since when, in milliseconds since the Unix epoch. */
  readonly sinceMs: number;
};

/** An abort that takes its time. */
export type Retreat = {
  /** What the canary had when it began, 0 … 1. */
  readonly fromShare: number;
  /** Milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  readonly forMs: number;
};

/** What was decided at some time. */
export type Decided = Why & {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly kind: string;
  readonly phase: Phase;
  /** The canary's share from then on, 0 … 1. */
  readonly share: number;
  /** Who decided it. Absent: the rollout by itself. */
  readonly by?: string | undefined;
};

/** Rollouts of several services that go on in lock-step. */
export type RolloutGroup = {
  readonly id: string;
  /** All of them, the first one that was asked for first. */
  readonly services: readonly string[];
};

/** What somebody wants of a rollout, read and with every default. */
export type RolloutSpec = {
  readonly service: string;
  /** The version that has the traffic: "stable". */
  readonly from: string;
  /** The version that is to have it: the "canary". */
  readonly to: string;
  readonly strategy: "canary" | "blueGreen" | "rolling";
  readonly stages: readonly RolloutStage[];
  /** Whether it may mix versions that cannot read each other's state. Absent: no. */
  readonly forced?: boolean | undefined;
  /** Whom it asks and tells. undefined: nobody. */
  readonly hooks?: HookNames | undefined;
  /** Numbers of others that it goes by. undefined: none. */
  readonly metrics?: readonly MetricLimit[] | undefined;
  /** undefined: it goes on alone. */
  readonly group?: RolloutGroup | undefined;
  readonly policy: RolloutPolicy;
  readonly guardRails: GuardRails;
  /** undefined: no limit is known. */
  readonly capacity: Capacity | undefined;
};

/** A rollout as it is stored: plain data. */
export type Rollout = {
  readonly id: string;
  readonly spec: RolloutSpec;
  /** Who began it, why, and when in milliseconds since the Unix epoch. */
  readonly actor: string;
  readonly reason: string | undefined;
  readonly startedMs: number;
  /** Weights of the service's versions when it began. */
  readonly before: Readonly<Record<string, number>>;
  readonly phase: Phase;
  /** Why it is in this phase. */
  readonly why: Why;
  readonly step: Step;
  /** The stage that it is in, and since when. After the last one: their number. */
  readonly stage: number;
  readonly stageSinceMs: number;
  /** undefined: it has never been on its way back bit by bit. */
  readonly retreat?: Retreat | undefined;
  /** The table has shown what is asked for: until then it is written again. */
  readonly settled: boolean;
  /** The table's revision when it did: one that is older tells nothing. 0: it has not yet. */
  readonly revision: number;
  /** Somebody else has taken the service over: its weights are not the rollout's any more. */
  readonly released: boolean;
  /** The latest decisions, the oldest first: at most DECISIONS_KEPT_MAX. */
  readonly history: readonly Decided[];
};

/** Decisions that a rollout keeps: more than a ladder has steps, and some pauses between them. */
export const DECISIONS_KEPT_MAX = 50;

/** Whether nothing will be decided any more. */
export function hasEnded({ phase }: Pick<Rollout, "phase">): boolean {
  return phase === "successful" || phase === "aborted";
}

/** Whether the service's weights are the rollout's, and nobody else's to write. */
export function ownsWeights(rollout: Rollout): boolean {
  return !rollout.released && (!hasEnded(rollout) || !rollout.settled);
}

/** The share that the canary should have now. */
export function wantedShare({ phase, step }: Rollout): number {
  if (phase === "aborted") return 0;
  return phase === "successful" ? 1 : step.share;
}

/** The requests that the canary should get now whatever its share is. undefined: none. */
export function wantedMatch({ phase, step }: Rollout): SenderMatch | undefined {
  return phase === "retreating" || hasEnded({ phase }) ? undefined : step.match;
}

/** What should be copied to the canary now. undefined: nothing. */
export function wantedCopies({ phase, step }: Rollout): CopiesAsked | undefined {
  return phase === "retreating" || hasEnded({ phase }) ? undefined : step.copies;
}

/** Endpoints that the rollout has in drain, or gives back. undefined: it has none. */
export function wantedDrains({ phase, step, spec }: Rollout): RolloutDrains | undefined {
  if (step.rolling === undefined) return undefined;
  const isBack = phase === "retreating" || hasEnded({ phase });
  const state = isBack ? "ready" : "drain";
  return { version: spec.from, addresses: step.rolling.drained, state };
}

/** A rollout that has just been asked for. */
export function newRollout(
  spec: RolloutSpec,
  about: Pick<Rollout, "id" | "actor" | "reason" | "before" | "revision"> & {
    readonly nowMs: number;
  },
): Rollout {
  const { nowMs, revision, ...who } = about;
  const why: Why = { rule: "started", text: `from ${spec.from} to ${spec.to}` };
  return {
    ...who,
    spec,
    startedMs: nowMs,
    phase: "progressing",
    why,
    step: { number: 0, share: 0, sinceMs: nowMs },
    stage: 0,
    stageSinceMs: nowMs,
    settled: true,
    revision,
    released: false,
    history: [
      { ...why, atMs: nowMs, kind: "start", phase: "progressing", share: 0, by: about.actor },
    ],
  };
}
