/**
 * The most that one second may do to the capital of a bet.
 *
 * `keep`: the part that is never bet, 0 … 1, which makes it the smallest factor. `cap`: the largest
 * factor. So one odd second decides nothing either way, and a factor that is lowered never makes a
 * test invalid.
 */
export type CapitalBounds = { readonly keep: number; readonly cap: number };

/** The part of a capital that is never bet, unless a test has a reason to choose another. */
export const KEPT = 0.05;

/** All that a capital has come to: plain data. */
export type CapitalState = {
  readonly bets: readonly number[];
  readonly reserve: number;
  readonly starts: number;
};

/** So large that nobody doubts, and so small that products of two are numbers still. */
const LARGEST = 1e150;

/** What a second multiplies a capital by. `logFactor`: the logarithm of the bet's own factor. */
export function boundedFactor(logFactor: number, { keep, cap }: CapitalBounds): number {
  return keep + (1 - keep) * Math.min(Math.exp(logFactor), cap, LARGEST);
}

/**
 * What a stake of 1, bet against a hypothesis, has grown or shrunk to: a mixture of bets with fresh
 * starts.
 *
 * While the hypothesis holds, each second multiplies each bet by a factor whose mean is at most 1,
 * so the value is a test supermartingale: the probability that it ever reaches 1/α is at most α
 * (Ville 1939), however often somebody looks. Bets may depend on the whole past, but never on the
 * second that they are about.
 *
 * A fresh start bets part of a reserve, so that a late fault need not first win back capital lost
 * while all was well. The parts sum to 1: they are a prior over the time of the fault (Shin,
 * Ramdas, Rinaldo: E-detectors, 2024).
 */
export class Capital {
  readonly #bets: Float64Array;
  readonly #bounds: CapitalBounds;
  #reserve = 1;
  #starts = 0;

  /** Makes the first start. `bets`: how many there are, at least 1. */
  constructor(bets: number, bounds: CapitalBounds) {
    this.#bets = new Float64Array(bets);
    this.#bounds = bounds;
    this.start();
  }

  /** One that goes on where another was. */
  static from({ bets, reserve, starts }: CapitalState, bounds: CapitalBounds): Capital {
    const capital = new Capital(bets.length, bounds);
    capital.#bets.set(bets);
    capital.#reserve = reserve;
    capital.#starts = starts;
    return capital;
  }

  get state(): CapitalState {
    return { bets: [...this.#bets], reserve: this.#reserve, starts: this.#starts };
  }

  /** Everything that was won, and what was never bet. */
  get value(): number {
    let sum = this.#reserve;
    for (const capital of this.#bets) sum += capital;
    return sum;
  }

  /** Bets a part of the reserve from here on, spread evenly. */
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
    this.#bets[bet] = Math.min(LARGEST, (this.#bets[bet] as number) * factor);
  }

  /** An independent copy. */
  clone(): Capital {
    return Capital.from(this.state, this.#bounds);
  }

  #add(bet: number, amount: number): void {
    this.#bets[bet] = (this.#bets[bet] as number) + amount;
  }
}

/** What the k-th start bets: half of the whole at first; the other half is for all later ones. */
function startPart(k: number): number {
  return k === 0 ? 0.5 : 0.5 / (k * (k + 1));
}
