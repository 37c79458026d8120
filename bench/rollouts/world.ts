import { Draws } from "../../control/analysis/draws.ts";
import type { Arm, Counts, Second } from "../../control/analysis/second.ts";
import { LatencyDraws } from "./latency-draws.ts";
import { sfc32 } from "./sfc32.ts";
import { CANARY_ENDPOINTS } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

const BURST_EVERY_S = 120;
const OUTAGE_EVERY_S = 300;
/** Mean length of bursts and of outages. */
const TROUBLE_S = 10;
const DAY_S = 600;
const HICCUP_S = 5;

/** How many requests failed, and of how many users. */
type Failures = { readonly requests: number; readonly failures: number; readonly keys: number };

/** A service with two versions, which brings a second of traffic at any weight. */
export class World {
  readonly draws: Draws;
  readonly #options: WorldOptions;
  readonly #phase: number;
  readonly #stable = new LatencyDraws();
  readonly #canary: LatencyDraws;
  readonly #stableHiccups: Hiccups;
  readonly #canaryHiccups: Hiccups;
  #burstS = 0;
  #outageS = 0;
  #outageRate = 0;
  #timeS = 0;
  /** Since the canary's first second. */
  #ageS = 0;

  constructor(options: WorldOptions, seed: number) {
    this.#options = options;
    this.draws = new Draws(sfc32(seed));
    this.#canary = new LatencyDraws(options.defect?.tail);
    this.#phase = this.draws.uniform() * 2 * Math.PI;
    const { hiccups, canaryEndpoints = CANARY_ENDPOINTS } = options;
    const every = hiccups?.every ?? Infinity;
    this.#stableHiccups = new Hiccups(hiccups?.stableEndpoints ?? 1, every);
    this.#canaryHiccups = new Hiccups(canaryEndpoints, every);
  }

  /** The error rate that the canary's defect adds right now. */
  excess(weight: number): number {
    const { defect = {}, canaryEndpoints = CANARY_ENDPOINTS } = this.#options;
    const { errors = 0, endpointErrors = 0, route, leak, intermittent, capacity } = defect;
    const on = intermittent !== undefined && isOn(this.#ageS, intermittent);
    const parts = [
      errors,
      endpointErrors / canaryEndpoints,
      route === undefined ? 0 : route.share * route.errors,
      leak === undefined ? 0 : leak.errors * Math.min(1, this.#ageS / leak.seconds),
      on ? intermittent.errors : 0,
      capacity !== undefined && weight > capacity.above ? capacity.errors : 0,
    ];
    return Math.min(
      1,
      parts.reduce((sum, part) => sum + part, 0),
    );
  }

  /** The next second. The next call overwrites it. */
  tick(weight: number, step: number): Second {
    this.#beginTroubles();
    const rate = this.#rate();
    const share = Math.min(1, weight * (this.#options.shareFactor ?? 1));
    const canary = this.#canaryArm(this.draws.poisson(rate * share), weight);
    const stable = this.#stableArm(this.draws.poisson(rate * (1 - share)));
    const second = { ageS: this.#ageS, step, weight, stable, canary };
    if (weight > 0) this.#ageS += 1;
    this.#timeS += 1;
    return second;
  }

  #beginTroubles(): void {
    const { draws } = this;
    const { bursts = false, outages = false } = this.#options;
    if (this.#burstS > 0) this.#burstS -= 1;
    else if (bursts && draws.uniform() < 1 / BURST_EVERY_S) this.#burstS = lengthOf(draws);
    if (this.#outageS > 0) this.#outageS -= 1;
    else if (outages && draws.uniform() < 1 / OUTAGE_EVERY_S) {
      this.#outageS = lengthOf(draws);
      this.#outageRate = 0.02 + 0.28 * draws.uniform();
    }
  }

  #rate(): number {
    const { perSecond, diurnal = false } = this.#options;
    const turn = (2 * Math.PI * this.#timeS) / DAY_S;
    const day = diurnal ? 1 + 0.4 * Math.sin(this.#phase + turn) : 1;
    return perSecond * day * (this.#burstS > 0 ? 3 : 1);
  }

  get #sharedErrors(): number {
    return this.#outageS > 0 ? this.#outageRate : 0;
  }

  #stableArm(requests: number): Arm {
    const counts = this.#fail(requests, this.#sharedErrors + this.#stableHiccups.tick(this.draws));
    this.#drawLatency(this.#stable, counts.requests, 1);
    return { ...armOf(counts), latencies: this.#stable.latencies };
  }

  /** Endpoint by endpoint: each has hiccups of its own, and one may have the defect. */
  #canaryArm(requests: number, weight: number): Arm {
    const { defect = {}, canaryEndpoints: count = CANARY_ENDPOINTS } = this.#options;
    const local = defect.endpointErrors ?? 0;
    const everywhere = weight > 0 ? this.excess(weight) - local / count : 0;
    const { draws } = this;
    this.#canaryHiccups.tick(draws);
    let left = requests;
    const endpoints = Array.from({ length: count }, (_, index) => {
      const mine = index === count - 1 ? left : draws.binomial(left, 1 / (count - index));
      left -= mine;
      const own = (index === 0 ? local : 0) + this.#canaryHiccups.rateAt(index);
      return this.#fail(mine, this.#sharedErrors + everywhere + own);
    });
    const counts = sumOf(endpoints);
    this.#drawLatency(this.#canary, counts.requests, this.#heat * (defect.latency ?? 1));
    return { ...armOf(counts), latencies: this.#canary.latencies, endpoints: endpoints.map(armOf) };
  }

  /** How much slower the canary still is because it is cold. */
  get #heat(): number {
    const { cold } = this.#options;
    if (cold === undefined || this.#ageS >= cold.seconds) return 1;
    return 1 + (cold.factor - 1) * (1 - this.#ageS / cold.seconds);
  }

  #drawLatency(of: LatencyDraws, requests: number, scale: number): void {
    if (this.#options.noLatency ?? false) return;
    const trouble = (this.#burstS > 0 ? 1.3 : 1) * (this.#outageS > 0 ? 2 : 1);
    of.draw(requests, scale * trouble, this.draws);
  }

  /** Failures at the base rate, in clumps if asked for, and at a `further` rate. */
  #fail(requests: number, further: number): Failures {
    const { baseErrors, clump = 1 } = this.#options;
    const { draws } = this;
    if (clump <= 1) {
      const failures = draws.binomial(requests, Math.min(1, baseErrors + further));
      return { requests, failures, keys: failures };
    }
    const users = draws.binomial(requests, baseErrors / clump);
    let clumped = 0;
    for (let user = 0; user < users; user += 1) clumped += 1 + geometric(1 / clump, draws);
    const others = draws.binomial(requests, Math.min(1, further));
    return {
      requests: requests + clumped,
      failures: Math.min(requests + clumped, clumped + others),
      keys: users + others,
    };
  }
}

/** Endpoints that each fail for a few seconds now and then. */
class Hiccups {
  readonly #left: Int32Array;
  readonly #every: number;

  constructor(endpoints: number, every: number) {
    this.#left = new Int32Array(endpoints);
    this.#every = every;
  }

  /** Plays a second. Returns the part of all requests that fail because of hiccups. */
  tick(draws: Draws): number {
    if (this.#every === Infinity) return 0;
    for (const [index, left] of this.#left.entries()) {
      if (left > 0) this.#left[index] = left - 1;
      else if (draws.uniform() < 1 / this.#every) this.#left[index] = HICCUP_S;
    }
    const sick = this.#left.filter((left) => left > 0).length;
    return (0.5 * sick) / this.#left.length;
  }

  /** The part of one endpoint's requests that fail. */
  rateAt(index: number): number {
    return (this.#left[index] ?? 0) > 0 ? 0.5 : 0;
  }
}

function isOn(
  ageS: number,
  { every, on }: { readonly every: number; readonly on: number },
): boolean {
  return ageS % every >= every - on;
}

function lengthOf(draws: Draws): number {
  return 1 + geometric(1 / TROUBLE_S, draws);
}

/** Number of failures before the first success. */
function geometric(p: number, draws: Draws): number {
  return Math.floor(Math.log(1 - draws.uniform()) / Math.log(1 - p));
}

function armOf({ requests, failures, keys }: Failures): Counts & { readonly failingKeys: number } {
  return { requests, failures, failingKeys: Math.min(requests, keys) };
}

function sumOf(parts: readonly Failures[]): Failures {
  return parts.reduce((sum, part) => ({
    requests: sum.requests + part.requests,
    failures: sum.failures + part.failures,
    keys: sum.keys + part.keys,
  }));
}
