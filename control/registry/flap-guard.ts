/** How often Consul's word is sampled: its own checks are no faster. */
const SAMPLE_MS = 1_000;
/** Good samples in a row that put an endpoint in. */
const RISE = 2;
/** Bad samples in a row that take it out. A real outage is seen sooner by our own ejection. */
const FALL = 3;
/** What each fall costs (the numbers are proportional to those of RFC 2439 section 4.2). */
const PENALTY = 1_000;
/** Above this the endpoint stays out whatever Consul says … */
const SUPPRESS_ABOVE = 3_000;
/** … until its penalty has decayed to this. */
const REUSE_BELOW = 1_500;
/** So the longest time out after the last fall is two half-lives. */
const PENALTY_MAX = 6_000;
const HALF_LIFE_MS = 30_000;

/**
 * Smooths Consul's word on one endpoint: it must hold for a while (rise 2, fall 3), and an endpoint
 * that keeps falling stays out (damping, after RFC 2439).
 */
export class FlapGuard {
  #told: boolean;
  #toldSinceMs: number;
  #settled: boolean;
  #penalty = 0;
  #penaltyAtMs: number;
  #isSuppressed = false;

  /** Consul's first word is believed at once: a new endpoint has no past. */
  constructor(healthy: boolean, nowMs: number) {
    this.#told = healthy;
    this.#settled = healthy;
    this.#toldSinceMs = nowMs;
    this.#penaltyAtMs = nowMs;
  }

  /** What Consul said last. */
  get told(): boolean {
    return this.#told;
  }

  /** Takes Consul's word. */
  tell(healthy: boolean, nowMs: number): void {
    if (healthy === this.#told) return;
    this.#settle(nowMs);
    this.#told = healthy;
    this.#toldSinceMs = nowMs;
    if (!healthy) this.#penalise(nowMs);
  }

  /** Whether to use the endpoint. */
  isHealthy(nowMs: number): boolean {
    this.#settle(nowMs);
    if (this.#penaltyNow(nowMs) <= REUSE_BELOW) this.#isSuppressed = false;
    return this.#settled && !this.#isSuppressed;
  }

  /** When isHealthy() may change without a new word from Consul. Infinity: not by time alone. */
  nextChangeMs(nowMs: number): number {
    if (this.#told !== this.#settled) return this.#toldSinceMs + holdMs(this.#told);
    if (!this.#isSuppressed) return Infinity;
    return nowMs + HALF_LIFE_MS * Math.log2(this.#penaltyNow(nowMs) / REUSE_BELOW) + 1;
  }

  #settle(nowMs: number): void {
    if (nowMs - this.#toldSinceMs >= holdMs(this.#told)) this.#settled = this.#told;
  }

  #penalise(nowMs: number): void {
    this.#penalty = Math.min(PENALTY_MAX, this.#penaltyNow(nowMs) + PENALTY);
    this.#penaltyAtMs = nowMs;
    if (this.#penalty > SUPPRESS_ABOVE) this.#isSuppressed = true;
  }

  #penaltyNow(nowMs: number): number {
    return this.#penalty * 2 ** ((this.#penaltyAtMs - nowMs) / HALF_LIFE_MS);
  }
}

function holdMs(healthy: boolean): number {
  return SAMPLE_MS * (healthy ? RISE : FALL);
}
