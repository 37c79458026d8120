import type { State } from "../../proxy/table/snapshot.ts";
import type { RolloutVerdict } from "../analysis/verdict.ts";
import type { Sibling } from "./group.ts";
import type { HookAnswer } from "./hooks.ts";
import type { MetricReading } from "./metric-limits.ts";
import type { VersionWeights } from "./rollout-weights.ts";
import type { Why } from "./why.ts";

/** An endpoint of the old version. */
export type OldEndpoint = {
  readonly address: string;
  readonly state: State;
  /** Whether it can take new work. */
  readonly usable: boolean;
};

/** The service in the table in force. */
export type TableSight = {
  readonly revision: number;
  readonly weights: VersionWeights;
  /** What the rollouts' own route matches, in JSON. Absent: there is none. */
  readonly route?: string | undefined;
  /**
   * What the rollouts' own mirror copies, in JSON; `others`: the service has one that is no
   * rollout's. Absent: there is none.
   */
  readonly copies?: string | undefined;
  /** The old version's, with the strategy `rolling`. */
  readonly old?: readonly OldEndpoint[] | undefined;
  /** The canary's endpoints that can take new work. */
  readonly canaryEndpoints: number;
  /** The old version's. Absent: nobody asks what one of them has been seen with. */
  readonly stableEndpoints?: number | undefined;
  /** The old version's that could take new work after an abort. Absent: not known. */
  readonly backEndpoints?: number | undefined;
  /** false: it is in force here, but the store has not taken it yet. */
  readonly isStored: boolean;
};

/** What a rollout is decided by. */
export type Observation = {
  /** undefined: the service, or one of both versions, is not there any more. */
  readonly table: TableSight | undefined;
  /** What its seconds say. undefined: stable has not been watched for long enough yet. */
  readonly verdict: RolloutVerdict | undefined;
  /** Requests of the canary since the step began. */
  readonly canaryRequests: number;
  /** The absolute limit that the canary breaks. undefined: none. */
  readonly breach: Why | undefined;
  /** The largest share that the canary can carry, 0 … 1. Absent: no limit is known. */
  readonly shareMax?: number | undefined;
  /** Why weights must stay as they are. undefined: they need not. */
  readonly frozen: string | undefined;
  /** What its hooks say. Absent: they have not been asked. */
  readonly hook?: HookAnswer | undefined;
  /** Its metrics, as far as they have been read. Absent: it has none. */
  readonly readings?: readonly MetricReading[] | undefined;
  /** Too few sidecars are seen to go on by what they show. Absent: enough are. */
  readonly fewSeen?: string | undefined;
  /** The other rollouts of its group. Absent: it goes on alone. */
  readonly siblings?: readonly Sibling[] | undefined;
  /** How long whoever leads it has seen the canary with an endpoint. Absent: not known. */
  readonly servingMs?: number | undefined;
  /** Whoever leads it has not had a second yet. Absent: that one has. */
  readonly nothingSeen?: boolean | undefined;
  /** How long nothing has been counted, in milliseconds, and why. */
  readonly blindMs: number;
  readonly blindFor: string | undefined;
};
