import type { Log } from "../../proxy/base/log.ts";
import { consulPath } from "../consul/client.ts";
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
  readonly waitMs: () => number;
  /** Called when `instances` changed. Must not throw. */
  readonly onInstances: () => void;
};

/**
 * Follows all instances of one Consul service, including unhealthy ones, which keep their
 * connections.
 */
export class ServiceWatch {
  readonly #ending = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #tried = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #instances: readonly Instance[] | undefined;
  #currentMs: number;
  #isCurrent = false;

  constructor(deps: WatchDeps & { readonly log: Log }, target: ServiceWatchTarget) {
    const { clock, log } = deps;
    const action = `read service ${target.service}`;
    const { filter, service } = target;
    this.#currentMs = clock.nowMs();
    this.#running = watch(
      deps,
      {
        action,
        path: `health/service/${consulPath(service)}`,
        query: filter === undefined ? {} : { filter },
        stale: true,
        limit: LIMIT,
        waitMs: target.waitMs,
      },
      {
        onChange: ({ text }) => {
          this.#instances = parseHealthAnswer(action, text);
          target.onInstances();
          this.#first.resolve();
          this.#tried.resolve();
        },
        onFresh: ({ knownLeader }) => {
          this.#isCurrent = knownLeader;
          if (knownLeader) this.#currentMs = clock.nowMs();
        },
        onFailure: (error) => {
          if (this.#isCurrent) log.warn("discovery.stale", { service, error: errorText(error) });
          // Until now the query was open: what we knew was current.
          if (this.#isCurrent) this.#currentMs = clock.nowMs();
          this.#isCurrent = false;
          this.#tried.resolve();
        },
      },
      this.#ending.signal,
    );
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

  async end(): Promise<void> {
    this.#ending.abort();
    this.#first.resolve();
    this.#tried.resolve();
    await this.#running;
  }
}
