import { forecast } from "../analysis/forecast.ts";
import type { Forecast } from "../analysis/forecast.ts";
import { RolloutJudge } from "../analysis/verdict.ts";
import type { RolloutJudgeState, RolloutVerdict } from "../analysis/verdict.ts";
import type { Arm } from "../analysis/second.ts";
import { shareCarried } from "./capacity.ts";
import { breachOf, GUARD_WINDOW_S } from "./guard-rails.ts";
import { InFlight } from "./in-flight.ts";
import type { InFlightState } from "./in-flight.ts";
import type { TableSight } from "./observation.ts";
import type { VersionSecond } from "./observations.ts";
import type { RolloutSpec, Step } from "./rollout.ts";
import type { Why } from "./why.ts";

/**
 * Seconds of stable before the canary's first weight: first bounds of latency, and how much traffic
 * there is, come from these.
 */
const WATCH_S = 10;

/**
 * All that judging has come to: plain data, which does not grow with the seconds. Those for guard
 * rails are not part of it: they look back half a minute only.
 */
export type JudgingState = {
  readonly judge: RolloutJudgeState;
  readonly watchedS: number;
  readonly canary: { readonly step: number; readonly requests: number };
  readonly ageS?: number | undefined;
  /** Absent: nobody asks what an endpoint has been seen with. */
  readonly carried?: { readonly inFlight: InFlightState; readonly stableMax: number } | undefined;
};

/** Endpoints that can take work. `stable` absent: nobody asks for them. */
export type Serving = { readonly stable?: number | undefined; readonly canary: number };

/** What the seconds of a rollout say, folded in their order; nothing else goes in. */
export class Judging {
  readonly #spec: RolloutSpec;
  readonly #judge: RolloutJudge;
  /** The canary's last seconds. */
  readonly #recent: Arm[] = [];
  #watchedS: number;
  /** Requests of the canary since this step began. */
  #canary: { readonly step: number; requests: number };
  /** Since the canary's first request. undefined: there was none yet. */
  #ageS: number | undefined;
  /** undefined: nobody asks what an endpoint has been seen with. */
  readonly #inFlight: InFlight | undefined;
  /** The most endpoints of stable that there ever were. */
  #stableMax: number;
  /** The canary's, now. */
  #endpoints = 0;

  /** `before`: where it goes on. Absent: it begins. */
  constructor(spec: RolloutSpec, before?: JudgingState) {
    this.#spec = spec;
    this.#judge = new RolloutJudge(spec.policy, before?.judge);
    this.#watchedS = before?.watchedS ?? 0;
    this.#canary = { ...(before?.canary ?? { step: -1, requests: 0 }) };
    this.#ageS = before?.ageS;
    const isObserved = spec.capacity?.perEndpoint === "observed";
    this.#inFlight = isObserved ? new InFlight(before?.carried?.inFlight) : undefined;
    this.#stableMax = before?.carried?.stableMax ?? 0;
  }

  get state(): JudgingState {
    const [judge, canary] = [this.#judge.state, { ...this.#canary }];
    const inFlight = this.#inFlight?.state;
    const carried = inFlight && { inFlight, stableMax: this.#stableMax };
    return { judge, watchedS: this.#watchedS, canary, ageS: this.#ageS, carried };
  }

  /** A step is in force from now on. */
  begin({ number, share }: Step): void {
    if (this.#canary.step !== number) this.#canary = { step: number, requests: 0 };
    if (share > 0) this.#judge.tally.begin(number, share);
  }

  /** A second in which a step was in force. */
  add({ stable, canary }: VersionSecond, step: Step): void {
    const { number, share } = step;
    this.begin(step);
    this.#canary.requests += canary.requests;
    this.#inFlight?.add(stable, canary);
    this.#recent.push(canary);
    if (this.#recent.length > GUARD_WINDOW_S) this.#recent.shift();
    if (share === 0) {
      this.#watchedS += 1;
      this.#judge.remember(stable);
      return;
    }
    if (this.#ageS !== undefined) this.#ageS += 1;
    else if (canary.requests > 0) this.#ageS = 0;
    this.#judge.add({ ageS: this.#ageS ?? 0, step: number, weight: share, stable, canary });
  }

  /** Notes what serves from now on, before anything is asked. */
  look({ stable = 0, canary }: Serving): void {
    this.#endpoints = canary;
    // Fewer than there were when most was under way would seem to carry more each.
    this.#stableMax = Math.max(this.#stableMax, stable);
  }

  /** What should happen. undefined: stable has not been watched for long enough. */
  verdict({ share }: Step): RolloutVerdict | undefined {
    if (share === 0 && this.#watchedS < WATCH_S) return undefined;
    return this.#judge.verdict(this.shareMax);
  }

  /** What is to come. undefined: there is nothing at a weight yet. Takes some 100 ms. */
  forecast(): Forecast | undefined {
    const { weight, stepS, totalS, perSecond } = this.#judge.tally;
    if (weight === 0 || weight === 1) return undefined;
    const state = { weight, stepS, totalS, perSecond, weightMax: this.shareMax };
    // The same seconds foresee the same.
    return forecast(this.#judge.evidence, this.#spec.policy.ramp, state, totalS);
  }

  /** The largest share, 0 … 1, that the canary can carry now. 1: all, or no limit is known. */
  get shareMax(): number {
    const { peak, meanS } = this.#inFlight ?? {};
    return shareCarried(this.#spec.capacity, {
      perSecond: this.#judge.tally.perSecond,
      endpoints: this.#endpoints,
      inFlight: peak && peak / Math.max(1, this.#stableMax),
      meanS,
    });
  }

  /** Requests of the canary since the step in force began. */
  get canaryRequests(): number {
    return this.#canary.requests;
  }

  /** The absolute limit that the canary breaks. undefined: none. */
  get breach(): Why | undefined {
    return breachOf(this.#spec.guardRails, this.#recent);
  }
}

/** The endpoints of a table that can take work. */
export function servingOf(table: TableSight | undefined): Serving {
  return { stable: table?.stableEndpoints, canary: table?.canaryEndpoints ?? 0 };
}
