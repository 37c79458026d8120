import type { Log } from "../../proxy/base/log.ts";
import { type ConsulAnswer, consulPath } from "../consul/client.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { deniedRead, filteredError } from "./read-rights.ts";
import { type Instance, parseHealthAnswer } from "./health.ts";
import { watch, type WatchDeps } from "../consul/watch.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** A service that changes all the time is read at once twice, then once a second. */
const LIMIT = { burst: 2, refillMs: 1_000 };

/** What a watch of one Consul service is about. */
export type ServiceWatchTarget = {
  readonly service: string;
  /** Consul applies it. undefined: all instances. */
  readonly filter: string | undefined;
  /** Called when `instances` changed. Must not throw. */
  readonly onInstances: () => void;
};

/** What a watch of a service works with. */
export type ServiceWatchDeps = WatchDeps & { readonly log: Log };

/**
 * Follows all instances of one Consul service, including unhealthy ones, which keep their
 * connections.
 */
export class ServiceWatch {
  readonly #ending = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #tried = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  readonly #deps: ServiceWatchDeps;
  readonly #target: ServiceWatchTarget;
  #instances: readonly Instance[] | undefined;
  #currentMs: number;
  #isCurrent = false;
  #problem: string | undefined;

  constructor(deps: ServiceWatchDeps, target: ServiceWatchTarget) {
    const { filter, service } = target;
    this.#deps = deps;
    this.#target = target;
    this.#currentMs = deps.clock.nowMs();
    const { signal } = this.#ending;
    const wanted = {
      action: this.#action,
      path: `health/service/${consulPath(service)}`,
      query: filter === undefined ? {} : { filter },
      stale: true,
      limit: LIMIT,
    };
    const listener = {
      onChange: async (answer: ConsulAnswer) => this.#take(answer, signal),
      onFresh: (answer: ConsulAnswer) => this.#confirm(answer),
      onFailure: (error: unknown) => this.#fail(error),
    };
    this.#running = watch(deps, wanted, listener, signal);
  }

  /** As Consul gave them last. undefined: no answer yet. */
  get instances(): readonly Instance[] | undefined {
    return this.#instances;
  }

  /** Resolves with the first answer, or when the watch ends. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Resolves with the first answer or failure, or when the watch ends. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  /** Milliseconds since what we know was last confirmed. 0: Consul would tell us about a change. */
  stalenessMs(nowMs: number): number {
    return this.#isCurrent ? 0 : nowMs - this.#currentMs;
  }

  /** Why what we know may be out of date, in Consul's words. undefined: nothing is known. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    this.#first.resolve();
    this.#tried.resolve();
    await this.#running;
  }

  get #action(): string {
    return `read service ${this.#target.service}`;
  }

  /** @throws ConsulError when the answer is empty only because the token may not read the rest. */
  async #take({ text, isFiltered }: ConsulAnswer, signal: AbortSignal): Promise<void> {
    const instances = parseHealthAnswer(this.#action, text);
    if (instances.length === 0) await this.#demandRights(isFiltered, signal);
    this.#instances = instances;
    this.#target.onInstances();
    this.#first.resolve();
    this.#tried.resolve();
  }

  async #demandRights(isFiltered: boolean, signal: AbortSignal): Promise<void> {
    const { service } = this.#target;
    const nodes = [...new Set(this.#instances?.map(({ node }) => node))];
    const denied = isFiltered
      ? filteredError(service)
      : await deniedRead(this.#deps.client, { service, nodes }, signal);
    if (denied !== undefined) throw denied;
  }

  #confirm({ knownLeader, isFiltered }: ConsulAnswer): void {
    if (isFiltered) return this.#fail(filteredError(this.#target.service));
    if (!knownLeader) {
      return this.#fail(new ConsulError("consul_no_leader", this.#action, "No cluster leader"));
    }
    const { clock, log } = this.#deps;
    this.#isCurrent = true;
    this.#currentMs = clock.nowMs();
    if (this.#problem !== undefined)
      log.info("discovery.current", { service: this.#target.service });
    this.#problem = undefined;
  }

  #fail(error: unknown): void {
    const { clock, log } = this.#deps;
    const problem = errorText(error);
    if (problem !== this.#problem) {
      log.warn("discovery.stale", { service: this.#target.service, error: problem });
    }
    this.#problem = problem;
    // A connection that broke was open until now; one that went silent may have been dead for long.
    const isSilence = error instanceof ConsulError && error.code === "consul_timeout";
    if (this.#isCurrent && !isSilence) this.#currentMs = clock.nowMs();
    this.#isCurrent = false;
    this.#tried.resolve();
  }
}
