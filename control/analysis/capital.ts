/**
 * The most that one second may do to the capital of a bet.
 *
 * `keep`: the part that is never bet, 0 … 1, so the smallest factor. `cap`: the largest factor.
 * One odd second decides nothing either way, and lowering a factor never makes a test less valid.
 */
export type CapitalBounds = { readonly keep: number; readonly cap: number };

/** The part of a capital that is never bet, unless there is a reason for another. */
export const KEPT = 0.05;

/** What a second makes of a capital, by the logarithm of the bet's own factor. */
export function boundedFactor(logFactor: number, { keep, cap }: CapitalBounds): number {
  return keep + (1 - keep) * Math.min(Math.exp(logFactor), cap);
}

/**
 * What has become of 1 that was bet against a hypothesis: a mixture of bets with fresh starts.
 *
 * While the hypothesis holds, each second multiplies each bet by something that is 1 or less on
 * average, so the value is a test supermartingale: the probability that it ever reaches 1/α is α at
 * most (Ville 1939), however often somebody looks. Bets may depend on everything that is past,
 * never on the second that they are about.
 *
 * A fresh start bets a part of a reserve, so that what goes wrong late is not seen against capital
 * that was lost before. The parts are a prior over times at which it goes wrong, and sum to 1
 * (Shin, Ramdas, Rinaldo: E-detectors, 2024).
 */
export class Capital {
  readonly #bets: Float64Array;
  readonly #bounds: CapitalBounds;
  #reserve = 1;
  #starts = 0;

  /** With its first start made. `bets`: how many there are, at least 1. */
  constructor(bets: number, bounds: CapitalBounds) {
    this.#bets = new Float64Array(bets);
    this.#bounds = bounds;
    this.start();
  }

  /** All that has been won and kept. */
  get value(): number {
    let sum = this.#reserve;
    for (const capital of this.#bets) sum += capital;
    return sum;
  }

  /** A part of the reserve is bet from here on, evenly. */
  start(): void {
    const part = startPart(this.#starts);
    this.#starts += 1;
    this.#reserve -= part;
    const { length } = this.#bets;
    for (let bet = 0; bet < length; bet += 1) this.#add(bet, part / length);
  }

  /** A second's outcome for one bet, as the logarithm of its factor. */
  settle(bet: number, logFactor: number): void {
    if (logFactor === 0) return;
    const factor = boundedFactor(logFactor, this.#bounds);
    this.#bets[bet] = (this.#bets[bet] as number) * factor;
  }

  /** A copy that goes its own way from here. */
  clone(): Capital {
    const copy = new Capital(this.#bets.length, this.#bounds);
    copy.#bets.set(this.#bets);
    copy.#reserve = this.#reserve;
    copy.#starts = this.#starts;
    return copy;
  }

  #add(bet: number, amount: number): void {
    this.#bets[bet] = (this.#bets[bet] as number) + amount;
  }
}

/** What the k-th start gets of the whole: a half at first, then a half spread over all others. */
function startPart(k: number): number {
  return k === 0 ? 0.5 : 0.5 / (k * (k + 1));
}
