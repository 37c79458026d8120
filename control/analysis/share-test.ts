import { Capital, KEPT } from "./capital.ts";
import type { CapitalState } from "./capital.ts";

/** A version's requests, and how many of them are of the kind that the test is about. */
export type ShareCounts = { readonly requests: number; readonly hits: number };

/** What a second showed of both versions. */
export type ShareSecond = {
  readonly canary: ShareCounts;
  readonly stable: ShareCounts;
  /** The canary's share of the requests. 0 and 1 compare nothing. */
  readonly share: number;
  /** Stable's share of hits, estimated from its past; above 0 and below 1. */
  readonly expected: number;
};

/** All that a test has come to: plain data. */
export type ShareTestState = {
  readonly more: CapitalState;
  readonly fewer: CapitalState;
  readonly canary: ShareCounts;
};

/** Odds ratios that the evidence for more, and for fewer, bets on. */
const MORE = [1.25, 1.7, 2.5, 4, 8, 25] as const;
const FEWER = [0.8, 0.6, 0.4, 0.2] as const;

/** What one second may do to the evidence for more, and to that for fewer. */
const MORE_BOUNDS = { keep: KEPT, cap: 20 };
const FEWER_BOUNDS = { keep: KEPT, cap: Infinity };

/**
 * Whether a share of the canary's requests is larger, or smaller, than stable's of the same second;
 * for shares that are not tiny.
 *
 * A bet assumes a share p₀ for stable and, by its odds ratio, p₁ for the canary. Its factor is the
 * likelihood under p₀ and p₁ divided by that under p = W p₁ + (1−W) p₀ for both, where W is the
 * canary's share of the requests. Whenever the two shares are equal, whatever they are, its mean is
 * at most 1 (Turner, Ly, Grünwald: Generic E-variables for Exact Sequential k-Sample Tests that
 * allow for Optional Stopping, JSPI 2024).
 */
export class ShareTest {
  #more = new Capital(MORE.length, MORE_BOUNDS);
  #fewer = new Capital(FEWER.length, FEWER_BOUNDS);
  #canary: ShareCounts = { requests: 0, hits: 0 };

  /** One that goes on where another was. */
  static from({ more, fewer, canary }: ShareTestState): ShareTest {
    const test = new ShareTest();
    test.#more = Capital.from(more, MORE_BOUNDS);
    test.#fewer = Capital.from(fewer, FEWER_BOUNDS);
    test.#canary = canary;
    return test;
  }

  get state(): ShareTestState {
    return { more: this.#more.state, fewer: this.#fewer.state, canary: this.#canary };
  }

  /** Evidence that the canary's share is larger: an e-value. */
  get more(): number {
    return this.#more.value;
  }

  /** Evidence that it is smaller. */
  get fewer(): number {
    return this.#fewer.value;
  }

  /** The canary's requests that have counted for `fewer`. */
  get canary(): ShareCounts {
    return this.#canary;
  }

  /** Gives both a fresh start. */
  start(): void {
    this.#more.start();
    this.#fewer.start();
  }

  /** Adds a second to the evidence for more. */
  addForMore(second: ShareSecond): void {
    settle(this.#more, MORE, second);
  }

  /** Adds a second to the evidence for fewer; it may be about another bound. */
  addForFewer(second: ShareSecond): void {
    if (!settle(this.#fewer, FEWER, second)) return;
    this.#canary = {
      requests: this.#canary.requests + second.canary.requests,
      hits: this.#canary.hits + second.canary.hits,
    };
  }

  /** An independent copy. */
  clone(): ShareTest {
    return ShareTest.from(this.state);
  }
}

/** false: there was nothing to compare. */
function settle(capital: Capital, oddsRatios: readonly number[], second: ShareSecond): boolean {
  const { canary, stable, share, expected } = second;
  if (share <= 0 || share >= 1 || canary.requests + stable.requests === 0) return false;
  for (let bet = 0; bet < oddsRatios.length; bet += 1) {
    const shares = assumedShares(expected, oddsRatios[bet] as number, share);
    capital.settle(bet, logShareFactor(canary, stable, shares));
  }
  return true;
}

/** Shares of hits: stable's and the canary's as a bet assumes them, and that of both together. */
type AssumedShares = { readonly stable: number; readonly canary: number; readonly both: number };

/** The shares that a bet assumes. `expected`: stable's. `share`: the canary's of the requests. */
export function assumedShares(expected: number, oddsRatio: number, share: number): AssumedShares {
  const canary = (oddsRatio * expected) / (1 - expected + oddsRatio * expected);
  return { stable: expected, canary, both: share * canary + (1 - share) * expected };
}

/** The logarithm of a second's factor. */
export function logShareFactor(
  canary: ShareCounts,
  stable: ShareCounts,
  assumed: AssumedShares,
): number {
  const miss = 1 - assumed.both;
  return (
    canary.hits * Math.log(assumed.canary / assumed.both) +
    (canary.requests - canary.hits) * Math.log((1 - assumed.canary) / miss) +
    stable.hits * Math.log(assumed.stable / assumed.both) +
    (stable.requests - stable.hits) * Math.log((1 - assumed.stable) / miss)
  );
}
