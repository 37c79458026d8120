import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { EjectionPolicy } from "../table/snapshot.ts";
import type { Endpoint } from "./endpoint.ts";

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
 * Passive health: an endpoint that fails several times in a row is out for a time that grows with
 * each repetition (Envoy's outlier detection, consecutive failures). Never the last usable one, and
 * a second one only within `maxPercent` of the version.
 */
export class Ejector implements Expiring {
  readonly #pool: EjectingPool;
  readonly #wheel: TimerWheel;
  readonly #listener: EjectionListener;
  readonly #timer = new Timer(this);

  constructor(pool: EjectingPool, wheel: TimerWheel, listener: EjectionListener) {
    this.#pool = pool;
    this.#wheel = wheel;
    this.#listener = listener;
  }

  /** Counts a failure, and ejects the endpoint if it is one too many. */
  failed(endpoint: Endpoint): void {
    endpoint.failures += 1;
    const { consecutive } = this.#pool.policy.ejection;
    // Nobody would bring back one that has left the table.
    if (endpoint.removed || consecutive === 0 || endpoint.failures < consecutive) return;
    if (endpoint.ejectedUntilMs === 0 && this.#mayEject()) this.#eject(endpoint);
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

  #mayEject(): boolean {
    const { maxPercent } = this.#pool.policy.ejection;
    let usable = 0;
    let out = 0;
    for (const endpoint of this.#pool.endpoints.values()) {
      if (endpoint.usable) usable += 1;
      if (endpoint.ejectedUntilMs > 0) out += 1;
    }
    if (usable <= 1) return false;
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
    this.#pool.counters.ejections += 1;
    this.#pool.refresh();
    if (endpoint.ejectedUntilMs < this.#timer.deadlineMs) {
      this.#wheel.armAt(this.#timer, endpoint.ejectedUntilMs);
    }
    this.#listener(this.#pool, endpoint, forMs);
  }

  #readmit(endpoint: Endpoint, nowMs: number): void {
    endpoint.ejectedUntilMs = 0;
    endpoint.failures = 0;
    endpoint.sinceMs = nowMs;
    this.#pool.refresh();
    this.#listener(this.#pool, endpoint, 0);
  }
}
