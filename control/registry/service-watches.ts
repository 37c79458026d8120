import type { ConsulSelector } from "../config/service.ts";
import { calmLog } from "./calm-log.ts";
import { instanceSource } from "./instance-source.ts";
import { ServiceWatch, type ServiceWatchDeps } from "./service-watch.ts";

/**
 * The watches of all Consul services in use: one for each, and for each filter expression,
 * datacenter and prepared query.
 */
export class ServiceWatches {
  readonly #deps: ServiceWatchDeps;
  readonly #onInstances: (watch: ServiceWatch) => void;
  readonly #watches = new Map<string, ServiceWatch>();
  readonly #ending = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  /** `onInstances` is called when the instances of a watch changed; it must not throw. */
  constructor(deps: ServiceWatchDeps, onInstances: (watch: ServiceWatch) => void) {
    const { clock, log } = deps;
    this.#deps = { ...deps, log: calmLog(log, clock, this.#closing.signal) };
    this.#onInstances = onInstances;
  }

  /** The watch of a selector's service or query, begun if there is none. */
  of(selector: ConsulSelector): ServiceWatch {
    const { key } = instanceSource(selector);
    const known = this.#watches.get(key);
    if (known !== undefined) return known;
    const onInstances = (): void => this.#onInstances(watch);
    const target = { selector, onInstances };
    const watch: ServiceWatch = new ServiceWatch(this.#deps, target);
    this.#watches.set(key, watch);
    return watch;
  }

  /** Ends all others. */
  keep(used: ReadonlySet<ServiceWatch>): void {
    for (const [key, watch] of this.#watches) {
      if (used.has(watch)) continue;
      this.#watches.delete(key);
      const ending = watch.end().finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
  }

  /** Time since the worst of all was last confirmed. 0: all are current. */
  stalenessMs(): number {
    const nowMs = this.#deps.clock.nowMs();
    return Math.max(0, ...[...this.#watches.values()].map((watch) => watch.stalenessMs(nowMs)));
  }

  /** Why some are not current. */
  get problems(): readonly string[] {
    return [...this.#watches.values()].flatMap(({ problem }) => problem ?? []);
  }

  /** Queries that are answered from elsewhere, and where that is, for people. */
  get failovers(): readonly string[] {
    return [...this.#watches.values()].flatMap(({ failover }) => failover ?? []);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.keep(new Set());
    await Promise.all(this.#ending);
  }
}
