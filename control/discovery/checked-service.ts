import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Random } from "../../proxy/base/random.ts";
import type { HealthCheck } from "../config/service.ts";
import { HealthRecord } from "./health-record.ts";
import type { ProbeResult, ProbeTarget } from "./probe-target.ts";

/**
 * Part of the interval by which a probe may come early or late, so that a fleet's probes spread
 * out.
 */
const JITTER = 0.1;

/** What the checks of one service do. */
export type CheckPlan = {
  readonly check: HealthCheck;
  /** Sent as Host. */
  readonly host: string;
};

/** What the checks of one service work with. */
export type CheckedServiceDeps = {
  readonly clock: Clock;
  readonly random: Random;
  /** Asks once. Must not reject. */
  readonly probe: (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult>;
  /** An address became unhealthy or healthy, by this probe. Must not throw. */
  readonly onTurn: (address: string, result: ProbeResult) => void;
};

type CheckedEndpoint = { readonly record: HealthRecord; readonly loop: ProbeLoop };

type ProbeLoop = { readonly ending: AbortController; readonly running: Promise<void> };

/** The active checks of one service: a loop of probes for each address. */
export class CheckedService {
  readonly #deps: CheckedServiceDeps;
  readonly #endpoints = new Map<string, CheckedEndpoint>();
  readonly #failures = new Map<string, string>();
  #plan: CheckPlan;

  constructor(plan: CheckPlan, deps: CheckedServiceDeps) {
    this.#plan = plan;
    this.#deps = deps;
  }

  /**
   * Why an address is unhealthy, in the words of the probe that made it so. undefined: it is
   * healthy.
   */
  failureOf(address: string): string | undefined {
    return this.#failures.get(address);
  }

  /** Probes these addresses from now on, and keeps what it knows of those that stay. */
  follow(plan: CheckPlan, addresses: ReadonlySet<string>): void {
    const isAsWas = isDeepStrictEqual(plan, this.#plan);
    this.#plan = plan;
    for (const [address, { loop }] of this.#endpoints) {
      if (addresses.has(address) && isAsWas) continue;
      loop.ending.abort();
      if (addresses.has(address)) continue;
      this.#endpoints.delete(address);
      this.#failures.delete(address);
    }
    for (const address of addresses) {
      const known = this.#endpoints.get(address);
      if (known !== undefined && isAsWas) continue;
      const record = known?.record ?? new HealthRecord();
      this.#endpoints.set(address, { record, loop: this.#startLoop(address, record) });
    }
  }

  /** Ends all probes. Resolves when none is under way any more. */
  async close(): Promise<void> {
    const loops = [...this.#endpoints.values()].map(({ loop }) => loop);
    this.#endpoints.clear();
    for (const { ending } of loops) ending.abort();
    await Promise.all(loops.map(({ running }) => running));
  }

  #startLoop(address: string, record: HealthRecord): ProbeLoop {
    const ending = new AbortController();
    // The only way out of the loop is its signal, by which it rejects.
    const running = this.#probeForever(address, record, ending.signal).catch(() => undefined);
    return { ending, running };
  }

  /** One at a time: a probe that takes longer than the interval delays the next. */
  async #probeForever(address: string, record: HealthRecord, signal: AbortSignal): Promise<never> {
    const { check, host } = this.#plan;
    const { clock, random, probe } = this.#deps;
    const { question, intervalMs, timeoutMs } = check;
    await clock.sleep(random.next() * intervalMs, signal);
    for (;;) {
      const startedMs = clock.nowMs();
      const result = await probe({ address, host, question, timeoutMs }, signal);
      signal.throwIfAborted();
      if (record.add(result.succeeded, check)) this.#turn(address, result);
      const everyMs = intervalMs * (1 + JITTER * (2 * random.next() - 1));
      await clock.sleep(Math.max(0, startedMs + everyMs - clock.nowMs()), signal);
    }
  }

  #turn(address: string, result: ProbeResult): void {
    if (result.succeeded) this.#failures.delete(address);
    else this.#failures.set(address, result.reason);
    this.#deps.onTurn(address, result);
  }
}
