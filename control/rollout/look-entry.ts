import { BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import type { Arm } from "../analysis/second.ts";
import type { VersionSecond } from "./observations.ts";
import type { Decision } from "./decision.ts";
import type { EvidenceNote } from "./evidence-note.ts";
import type { Observation } from "./observation.ts";
import type { Rollout, Step } from "./rollout.ts";

/** An arm with the buckets that hold something only. */
export type ArmEntry = Omit<Arm, "latencies"> & {
  /** [bucket, count] */
  readonly latencies: readonly (readonly [number, number])[];
};

/** A second, and the step under which it was counted. */
export type SecondEntry = {
  readonly step: Step;
  readonly stable: ArmEntry;
  readonly canary: ArmEntry;
};

/** What is kept of a rollout for each look: everything that a decision changes. */
export type RolloutState = Pick<
  Rollout,
  | "phase"
  | "why"
  | "step"
  | "stage"
  | "stageSinceMs"
  | "retreat"
  | "settled"
  | "revision"
  | "released"
>;

/** What somebody who leads a rollout has seen and decided. */
export type LookEntry =
  /** From here on somebody leads it. */
  | {
      readonly kind: "begin";
      readonly atMs: number;
      readonly rollout: Rollout;
      /** The evidence is that of the entries before. Absent: it begins anew. */
      readonly goesOn?: boolean | undefined;
      /** The evidence that it begins with: another one's, who led before. Absent: none. */
      readonly evidence?: EvidenceNote | undefined;
    }
  | {
      readonly kind: "look";
      readonly atMs: number;
      readonly id: string;
      readonly state: RolloutState;
      /** Those that have come since the last look. */
      readonly seconds: readonly SecondEntry[];
      /** The canary's endpoints by place, when there is one more. Absent: they are as before. */
      readonly endpoints?: readonly string[] | undefined;
      /** What else was seen; the verdict and the breach follow from the seconds. */
      readonly table: Observation["table"];
      readonly frozen: string | undefined;
      readonly hook?: Observation["hook"];
      readonly readings?: Observation["readings"];
      readonly siblings?: Observation["siblings"];
      /** Absent: enough sidecars are seen. */
      readonly fewSeen?: string | undefined;
      readonly nothingSeen?: boolean | undefined;
      readonly servingMs?: number | undefined;
      readonly blindMs: number;
      readonly blindFor: string | undefined;
      readonly decision: Decision;
    };

/** What is kept of a second. */
export function secondEntry({ stable, canary }: VersionSecond, step: Step): SecondEntry {
  return { step, stable: armEntry(stable), canary: armEntry(canary) };
}

/** The second again. */
export function secondOf({ stable, canary }: SecondEntry): VersionSecond {
  return { stable: armOfEntry(stable), canary: armOfEntry(canary) };
}

/** What is kept of a rollout. */
export function rolloutState(rollout: Rollout): RolloutState {
  const { phase, why, step, stage, stageSinceMs, retreat, settled, revision, released } = rollout;
  return { phase, why, step, stage, stageSinceMs, retreat, settled, revision, released };
}

function armEntry({ latencies, ...arm }: Arm): ArmEntry {
  const { counts, from, to } = latencies;
  const buckets: [number, number][] = [];
  for (let bucket = from; bucket <= to; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count > 0) buckets.push([bucket, count]);
  }
  return { ...arm, latencies: buckets };
}

function armOfEntry({ latencies, ...arm }: ArmEntry): Arm {
  const counts = Array.from({ length: BUCKET_COUNT }, () => 0);
  for (const [bucket, count] of latencies) counts[bucket] = count;
  const from = latencies[0]?.[0] ?? 0;
  const to = latencies.at(-1)?.[0] ?? -1;
  return { ...arm, latencies: { counts, from, to } };
}
