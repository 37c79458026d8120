/** How much of its value one sample moves the estimate: hundreds of samples forget what was. */
const STEP_SHARE = 0.05;

/** Fewer samples say nothing of a quantile that one in twenty is above. */
const SAMPLES_MIN = 50;

/**
 * A quantile of what was seen lately, in one number: each sample above it moves it up a little and
 * each below it down, in the proportion in which they should come (stochastic approximation after
 * Robbins and Monro, with a step that does not shrink).
 */
export class RunningQuantile {
  readonly #share: number;
  #value = 0;
  #count = 0;

  /** `share`: of the samples that should be below, such as 0.95. */
  constructor(share: number) {
    this.#share = share;
  }

  add(sample: number): void {
    this.#count += 1;
    if (this.#count === 1) this.#value = sample;
    const step = STEP_SHARE * Math.max(this.#value, 0.01);
    this.#value += sample > this.#value ? step * this.#share : -step * (1 - this.#share);
  }

  /** undefined: too little was seen. */
  get value(): number | undefined {
    return this.#count < SAMPLES_MIN ? undefined : this.#value;
  }
}
