import type { Arm, Second } from "./second.ts";

/** Seconds that the requests a second are a mean of. */
const RECENT_S = 10;

/** All that a tally has come to: plain data. `step` absent: no weight was in force yet. */
export type StepTallyState = {
  readonly step?: number | undefined;
  readonly weight: number;
  readonly stepS: number;
  readonly totalS: number;
  readonly canary: number;
  readonly stable: number;
  readonly recent: readonly number[];
};

/** How long a rollout has been at its weight, and what came there. */
export class StepTally {
  #step: number | undefined;
  #weight = 0;
  #stepS = 0;
  #totalS = 0;
  #canary = 0;
  #stable = 0;
  readonly #recent: number[] = [];

  /** `before`: where it goes on. Absent: it begins. */
  constructor(before?: StepTallyState) {
    if (before === undefined) return;
    this.#step = before.step;
    [this.#weight, this.#stepS, this.#totalS] = [before.weight, before.stepS, before.totalS];
    [this.#canary, this.#stable] = [before.canary, before.stable];
    this.#recent.push(...before.recent);
  }

  get state(): StepTallyState {
    return {
      step: this.#step,
      weight: this.#weight,
      stepS: this.#stepS,
      totalS: this.#totalS,
      canary: this.#canary,
      stable: this.#stable,
      recent: [...this.#recent],
    };
  }

  /** The weight in force, 0 … 1. 0: it has not begun. */
  get weight(): number {
    return this.#weight;
  }

  /** Seconds at that weight. */
  get stepS(): number {
    return this.#stepS;
  }

  /** Seconds with both versions. */
  get totalS(): number {
    return this.#totalS;
  }

  /** The canary's requests at that weight. */
  get canary(): number {
    return this.#canary;
  }

  /** Stable's. */
  get stable(): number {
    return this.#stable;
  }

  /** The service's requests a second, of late. */
  get perSecond(): number {
    const sum = this.#recent.reduce((total, each) => total + each, 0);
    return sum / Math.max(1, this.#recent.length);
  }

  /** A second of stable alone, before the rollout. */
  remember(stable: Arm): void {
    this.#note(stable.requests);
  }

  /** A weight is in force from now on. A step that is known already changes nothing. */
  begin(step: number, weight: number): void {
    if (step === this.#step) return;
    [this.#step, this.#weight] = [step, weight];
    [this.#stepS, this.#canary, this.#stable] = [0, 0, 0];
  }

  /** A second with both. */
  add({ step, weight, stable, canary }: Second): void {
    this.begin(step, weight);
    this.#stepS += 1;
    this.#totalS += 1;
    this.#canary += canary.requests;
    this.#stable += stable.requests;
    this.#note(stable.requests + canary.requests);
  }

  #note(requests: number): void {
    this.#recent.push(requests);
    if (this.#recent.length > RECENT_S) this.#recent.shift();
  }
}
