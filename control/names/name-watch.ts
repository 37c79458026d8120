import type { Clock } from "../../proxy/base/clock.ts";
import type { Random } from "../../proxy/base/random.ts";
import { AddressRecord } from "./address-record.ts";
import type { Answer, Family } from "./address-record.ts";
import type { LookUp } from "./dns-look-up.ts";
import { fixedStatus, answeredStatus } from "./name-status.ts";
import type { NameStatus } from "./name-status.ts";
import type { SystemNames } from "./system-files.ts";

/**
 * Part of an answer's lifetime by which it is asked for again early, so that it is in force no
 * longer than DNS allows and a fleet's questions spread out.
 */
const EARLY = 0.2;

/** RFC 6761 section 6.3: not a matter of DNS. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** What the watch of a name works with. */
export type NameWatchDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly system: SystemNames;
  /** Asks DNS, when there is a turn. `isSuspect`: it has failed to answer for this name. */
  readonly lookUp: (
    question: Parameters<LookUp>[0],
    isSuspect: boolean,
    signal: AbortSignal,
  ) => Promise<Answer>;
  /** `status` may have changed. Must not throw. */
  readonly onStatus: () => void;
};

/** Follows the addresses of one name, each family by a loop of its own. */
export class NameWatch {
  readonly #name: string;
  readonly #deps: NameWatchDeps;
  readonly #records = { v4: new AddressRecord(), v6: new AddressRecord() };
  readonly #known = Promise.withResolvers<void>();
  #ending = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #fixed: readonly string[] | undefined;

  constructor(name: string, deps: NameWatchDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  get status(): NameStatus {
    const reach = this.#deps.system.reach();
    if (this.#fixed !== undefined) return fixedStatus(this.#fixed, reach);
    return answeredStatus(this.#records, reach);
  }

  /** Resolves when the name is not `asking` any more, or nobody follows it. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /**
   * Begins, or begins again with what the system's files say now. What is known stays in the
   * meantime.
   */
  start(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#fixed = fixedAddresses(this.#name, this.#deps.system);
    this.#tell();
    if (this.#fixed !== undefined) return;
    const { signal } = this.#ending;
    const { v4, v6 } = this.#records;
    const loops = [this.#followForever(4, v4, signal), this.#followForever(6, v6, signal)];
    // The only way out of a loop is its signal, by which it rejects.
    this.#running = Promise.allSettled([this.#running, ...loops]);
  }

  /** Resolves when no question is under way any more. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#known.resolve();
    await this.#running;
  }

  async #followForever(family: Family, record: AddressRecord, signal: AbortSignal): Promise<never> {
    const { clock, random, system, lookUp } = this.#deps;
    for (;;) {
      const question = { name: this.#name, family, conf: system.conf };
      const answer = await lookUp(question, record.last?.kind === "failed", signal);
      signal.throwIfAborted();
      record.add(answer);
      this.#tell();
      await clock.sleep(record.holdsMs() * (1 - EARLY * random.next()), signal);
    }
  }

  #tell(): void {
    if (this.status.kind !== "asking") this.#known.resolve();
    this.#deps.onStatus();
  }
}

/** What needs no DNS: an entry of the hosts file, or this machine. undefined: DNS must say. */
function fixedAddresses(name: string, system: SystemNames): readonly string[] | undefined {
  const isLocal = name === "localhost" || name.endsWith(".localhost");
  return system.hosts.get(name) ?? (isLocal ? LOOPBACK : undefined);
}
