import type { Log } from "../../proxy/base/log.ts";
import type { ConsulSelector } from "../config/service.ts";
import type { ConsulAnswer } from "../consul/answer.ts";
import { ConsulError, refusalError } from "../consul/consul-error.ts";
import { deniedRead, filteredError } from "./read-rights.ts";
import type { Instance } from "./health.ts";
import { type InstanceSource, instanceSource } from "./instance-source.ts";
import { watch, type WatchDeps } from "../consul/watch.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** A service that changes all the time is read at once twice, then once a second. */
const LIMIT = { burst: 2, refillMs: 1_000 };

/** What a watch is about. */
export type ServiceWatchTarget = {
  /** Its version and tag are left to others. */
  readonly selector: ConsulSelector;
  /** Called when `instances` may have changed. Must not throw. */
  readonly onInstances: () => void;
};

/** What a watch of a service works with. */
export type ServiceWatchDeps = WatchDeps & { readonly log: Log };

/**
 * Follows all instances of one Consul service, including unhealthy ones, which keep their
 * connections; or those of a prepared query.
 */
export class ServiceWatch {
  readonly #ending = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #tried = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  readonly #deps: ServiceWatchDeps;
  readonly #target: ServiceWatchTarget;
  readonly #source: InstanceSource;
  #instances: readonly Instance[] | undefined;
  #currentMs: number;
  #isCurrent = false;
  #problem: string | undefined;
  #failover: string | undefined;

  constructor(deps: ServiceWatchDeps, target: ServiceWatchTarget) {
    this.#deps = deps;
    this.#target = target;
    this.#source = instanceSource(target.selector);
    this.#currentMs = deps.clock.nowMs();
    const { signal } = this.#ending;
    const { action, path, query, everyMs } = this.#source;
    const wanted = { action, path, query, everyMs, stale: true, limit: LIMIT };
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

  /** For people: a prepared query that is answered from elsewhere. undefined: it is not. */
  get failover(): string | undefined {
    if (this.#failover === undefined) return undefined;
    return `query ${this.#source.about["query"] ?? ""} to ${this.#failover}`;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    this.#first.resolve();
    this.#tried.resolve();
    await this.#running;
  }

  /** @throws ConsulError when the answer is empty only because the token may not read the rest. */
  async #take({ found, text, isFiltered }: ConsulAnswer, signal: AbortSignal): Promise<void> {
    // A service that Consul does not know has no instances; a query it does not know is none.
    if (!found) throw refusalError(this.#source.action, 404, text);
    const { instances, failover } = this.#source.read(text);
    if (instances.length === 0) await this.#demandRights(isFiltered, signal);
    this.#instances = instances;
    // Where none are left anywhere, nothing has come back either.
    if (instances.length > 0) this.#tellFailover(failover);
    this.#target.onInstances();
    this.#first.resolve();
    this.#tried.resolve();
  }

  async #demandRights(isFiltered: boolean, signal: AbortSignal): Promise<void> {
    const { action } = this.#source;
    if (isFiltered) throw filteredError(action);
    const { service, datacenter } = this.#target.selector;
    // A prepared query may bring a token of its own, whose rights nobody can ask about.
    if (service === undefined) return;
    const nodes = [...new Set(this.#instances?.map(({ node }) => node))];
    const wanted = { action, service, datacenter, nodes };
    const denied = await deniedRead(this.#deps.client, wanted, signal);
    if (denied !== undefined) throw denied;
  }

  #tellFailover(to: string | undefined): void {
    if (to === this.#failover) return;
    const { log } = this.#deps;
    if (to === undefined) log.info("discovery.failback", this.#source.about);
    else log.warn("discovery.failover", { ...this.#source.about, to });
    this.#failover = to;
  }

  #confirm({ knownLeader, isFiltered }: ConsulAnswer): void {
    const { action, about } = this.#source;
    if (isFiltered) return this.#fail(filteredError(action));
    if (!knownLeader) {
      return this.#fail(new ConsulError("consul_no_leader", action, "No cluster leader"));
    }
    const { clock, log } = this.#deps;
    this.#isCurrent = true;
    this.#currentMs = clock.nowMs();
    if (this.#problem !== undefined) log.info("discovery.current", about);
    this.#problem = undefined;
  }

  #fail(error: unknown): void {
    const { clock, log } = this.#deps;
    const problem = errorText(error);
    if (problem !== this.#problem) {
      log.warn("discovery.stale", { ...this.#source.about, error: problem });
    }
    this.#problem = problem;
    // A connection that broke was open until now; one that went silent may have been dead for long.
    const isSilence = error instanceof ConsulError && error.code === "consul_timeout";
    const wasOpen = this.#source.everyMs === undefined && !isSilence;
    if (this.#isCurrent && wasOpen) this.#currentMs = clock.nowMs();
    this.#isCurrent = false;
    this.#tried.resolve();
  }
}
