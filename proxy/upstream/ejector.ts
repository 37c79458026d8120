import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { EjectionPolicy } from "../table/endpoint-policy.ts";
import type { Endpoint } from "./endpoint.ts";
import { RecentOutcomes, failsTooOften } from "./recent-outcomes.ts";

/** Hears of endpoints that are ejected and come back. `forMs` 0: it is back. */
export type EjectionListener = (pool: EjectingPool, endpoint: Endpoint, forMs: number) => void;

/** The part of a pool that ejection works on. */
export interface EjectingPool {
  readonly service: string;
  readonly version: string;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly policy: { readonly ejection: EjectionPolicy };
  readonly counters: { ejections: number };
  refresh(): void;
}

/**
 * Passive health: an endpoint that fails several times in a row, or too often for its version, is
 * out for a time that grows with each repetition (Envoy's outlier detection). Never the last usable
 * one, and a second one only within `maxPercent` of the version. Then one request tries it.
 */
export class Ejector implements Expiring {
  readonly #pool: EjectingPool;
  readonly #wheel: TimerWheel;
  readonly #listener: EjectionListener;
  readonly #timer = new Timer(this);
  /** Of all endpoints of the version. */
  readonly #outcomes = new RecentOutcomes();

  constructor(pool: EjectingPool, wheel: TimerWheel, listener: EjectionListener) {
    this.#pool = pool;
    this.#wheel = wheel;
    this.#listener = listener;
  }

  /** An attempt at the endpoint went well. */
  succeeded(endpoint: Endpoint): void {
    endpoint.failures = 0;
    this.#count(endpoint, false);
    if (endpoint.trial === "under way") this.#passed(endpoint);
  }

  /** Counts a failure, and ejects the endpoint if it is one too many. */
  failed(endpoint: Endpoint): void {
    endpoint.failures += 1;
    this.#count(endpoint, true);
    // Nobody would bring back one that has left the table.
    if (endpoint.removed || endpoint.ejectedUntilMs > 0 || !this.#isTooBad(endpoint)) return;
    if (this.#mayEject(endpoint)) this.#eject(endpoint);
    else if (endpoint.trial === "under way") this.#passed(endpoint);
  }

  /** Every endpoint is needed: each that is out is tried now, and is out for longer if it fails. */
  readmitAll(): void {
    for (const endpoint of this.#pool.endpoints.values()) {
      if (endpoint.ejectedUntilMs > 0) this.#readmit(endpoint, this.#wheel.nowMs);
    }
  }

  /** Brings back all endpoints whose time is up, and waits for the next. */
  onDeadline(nowMs: number): void {
    let next = Infinity;
    for (const endpoint of this.#pool.endpoints.values()) {
      if (endpoint.ejectedUntilMs === 0) continue;
      if (endpoint.ejectedUntilMs > nowMs) next = Math.min(next, endpoint.ejectedUntilMs);
      else this.#readmit(endpoint, nowMs);
    }
    this.#wheel.armAt(this.#timer, next);
  }

  #count(endpoint: Endpoint, isFailure: boolean): void {
    const { ejection } = this.#pool.policy;
    // Who is alone is compared with nobody.
    if (ejection.failurePercent === 0 || this.#pool.endpoints.size === 1) return;
    const { nowMs } = this.#wheel;
    endpoint.outcomes.count(nowMs, ejection.windowMs, isFailure);
    this.#outcomes.count(nowMs, ejection.windowMs, isFailure);
  }

  #isTooBad(endpoint: Endpoint): boolean {
    const { ejection } = this.#pool.policy;
    if (ejection.consecutive === 0) return false;
    if (endpoint.trial === "under way" || endpoint.failures >= ejection.consecutive) return true;
    return failsTooOften(endpoint.outcomes, this.#outcomes, ejection);
  }

  #mayEject(failing: Endpoint): boolean {
    const { maxPercent } = this.#pool.policy.ejection;
    let others = 0;
    let out = 0;
    for (const endpoint of this.#pool.endpoints.values()) {
      const { usable, snapshot } = endpoint;
      if (usable && snapshot.healthy && endpoint !== failing) others += 1;
      if (endpoint.ejectedUntilMs > 0) out += 1;
    }
    if (others === 0) return false;
    // Checks have it out anyway: without a panic nobody would ask it.
    if (!failing.snapshot.healthy) return true;
    // One may always go, as in Envoy; otherwise a small version could never lose its bad endpoint.
    return out === 0 || (out + 1) * 100 <= maxPercent * this.#pool.endpoints.size;
  }

  #eject(endpoint: Endpoint): void {
    const { baseTimeMs, maxTimeMs } = this.#pool.policy.ejection;
    const nowMs = this.#wheel.nowMs;
    // It has been well for as long as the longest ejection, so its past is forgotten.
    if (nowMs - endpoint.sinceMs > maxTimeMs) endpoint.ejections = 0;
    endpoint.ejections += 1;
    const forMs = Math.min(baseTimeMs * endpoint.ejections, maxTimeMs);
    endpoint.ejectedUntilMs = nowMs + forMs;
    endpoint.trial = "none";
    this.#pool.counters.ejections += 1;
    if (endpoint.ejectedUntilMs < this.#timer.deadlineMs) {
      this.#wheel.armAt(this.#timer, endpoint.ejectedUntilMs);
    }
    this.#listener(this.#pool, endpoint, forMs);
    // It may begin a panic, which has it back at once.
    this.#pool.refresh();
  }

  /** The trial went well, or nobody else is there: it takes its share, slowly at first. */
  #passed(endpoint: Endpoint): void {
    endpoint.trial = "none";
    endpoint.sinceMs = this.#wheel.nowMs;
    this.#pool.refresh();
  }

  #readmit(endpoint: Endpoint, nowMs: number): void {
    endpoint.ejectedUntilMs = 0;
    endpoint.failures = 0;
    endpoint.outcomes.clear();
    endpoint.trial = "due";
    endpoint.sinceMs = nowMs;
    this.#pool.refresh();
    this.#listener(this.#pool, endpoint, 0);
  }
}
