import type { Random } from "../../proxy/base/random.ts";
import { logGamma } from "./log-gamma.ts";

/** Smaller means are drawn by counting, larger ones by rejection, which takes constant time. */
const SMALL_MEAN = 10;

/** Exact draws from distributions; the same source of randomness gives the same draws. */
export class Draws {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.#random.next();
  }

  /** Mean 0, variance 1 (Box, Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Scale 1 (Marsaglia, Tsang: A Simple Method for Generating Gamma Variables, 2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** In [0, 1]. Both parameters above 0. */
  beta(a: number, b: number): number {
    const x = this.gamma(a);
    return x / (x + this.gamma(b));
  }

  /** A number of events with this mean. A mean of 0 or less gives 0. */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    return mean < SMALL_MEAN ? this.#poissonByProduct(mean) : this.#poissonByRejection(mean);
  }

  /** How many of `n` events happen, each with probability `p`. */
  binomial(n: number, p: number): number {
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    if (p > 0.5) return n - this.binomial(n, 1 - p);
    return n * p < SMALL_MEAN ? this.#binomialByJumps(n, p) : this.#binomialByRejection(n, p);
  }

  #poissonByProduct(mean: number): number {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count += 1;
    return count;
  }

  /** PTRS (Hörmann: The Transformed Rejection Method for Generating Poisson Variables, 1993). */
  #poissonByRejection(mean: number): number {
    const b = 0.931 + 2.53 * Math.sqrt(mean);
    const a = -0.059 + 0.02483 * b;
    const scale = Math.log(1.1239 + 1.1328 / (b - 3.4));
    const logMean = Math.log(mean);
    return this.#byRejection(
      { a, b, middle: mean + 0.43, v: 0.9277 - 3.6224 / (b - 2) },
      (k, logV) => {
        return k >= 0 && logV + scale <= k * logMean - mean - logGamma(k + 1);
      },
    );
  }

  /** Jumps from one success to the next: the gaps are geometric. */
  #binomialByJumps(n: number, p: number): number {
    const logMiss = Math.log1p(-p);
    let count = -1;
    let at = 0;
    do {
      at += Math.floor(Math.log(1 - this.uniform()) / logMiss) + 1;
      count += 1;
    } while (at <= n);
    return count;
  }

  /** BTRS (Hörmann: The Generation of Binomial Random Variates, 1993). */
  #binomialByRejection(n: number, p: number): number {
    const deviation = Math.sqrt(n * p * (1 - p));
    const b = 1.15 + 2.53 * deviation;
    const a = -0.0873 + 0.0248 * b + 0.01 * p;
    const scale = Math.log((2.83 + 5.1 / b) * deviation);
    const mode = Math.floor((n + 1) * p);
    const logOdds = Math.log(p / (1 - p));
    const atMode = logGamma(mode + 1) + logGamma(n - mode + 1);
    return this.#byRejection({ a, b, middle: n * p + 0.5, v: 0.92 - 4.2 / b }, (k, logV) => {
      if (k < 0 || k > n) return false;
      const there = logGamma(k + 1) + logGamma(n - k + 1);
      return logV + scale <= atMode - there + (k - mode) * logOdds;
    });
  }

  /** Hörmann's transformed rejection; `accepts` knows the distribution. */
  #byRejection(hat: Hat, accepts: (k: number, logV: number) => boolean): number {
    const { a, b, middle, v: vr } = hat;
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + middle);
      if (us >= 0.07 && v <= vr) return k;
      if (us < 0.013 && v > us) continue;
      if (accepts(k, Math.log(v / (a / (us * us) + b)))) return k;
    }
  }
}

/** The hat over a distribution that is drawn by rejection. */
type Hat = {
  readonly a: number;
  readonly b: number;
  readonly middle: number;
  /** Below this a draw in the middle is taken at once. */
  readonly v: number;
};
