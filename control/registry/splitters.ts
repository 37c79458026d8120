import type { Log } from "../../proxy/base/log.ts";
import type { Events } from "../records/events.ts";
import type { Services } from "../table/services.ts";
import { FollowedSplitter } from "./followed-splitter.ts";
import { SplitterPublisher } from "./splitter-publisher.ts";
import type { WatchDeps } from "../consul/watch.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** Services that `problems` names: a Consul that is away is away for all. */
const NAMED_MAX = 8;

/** What splitters work with. */
export type SplittersDeps = WatchDeps & {
  readonly services: Services;
  readonly events: Events;
  readonly log: Log;
};

/**
 * Keeps services with `consul: { splitter: follow }` at the weights of Consul's service-splitter,
 * and Consul's at those of services with `publish`. In a fleet every sidecar follows, the first one
 * to write wins and the others find nothing left to do; a shift is published by the sidecar that
 * made it, and the weights of a start by all, of which the first writes.
 */
export class Splitters {
  readonly #deps: SplittersDeps;
  readonly #followed = new Map<string, FollowedSplitter>();
  readonly #published = new Map<string, SplitterPublisher>();
  readonly #ending = new Set<Promise<void>>();
  readonly #problems = new Map<string, string>();

  /** Begins at once; the services must have started. */
  constructor(deps: SplittersDeps) {
    this.#deps = deps;
    this.#match();
  }

  /** Services whose weights and Consul's differ, with the reason. Empty: none. */
  get problems(): readonly string[] {
    return [...this.#problems]
      .slice(0, NAMED_MAX)
      .map(([name, problem]) => `splitter of ${name}: ${problem}`);
  }

  /** See Registry.revised(). */
  revised(names: readonly string[], isOurs: boolean): void {
    this.#match();
    if (!isOurs) return;
    for (const name of names) {
      this.#published.get(name)?.publish();
      this.#followed.get(name)?.revised();
    }
  }

  /** Ends all watches and lets what is being written end. */
  async close(): Promise<void> {
    this.#keep(this.#followed, new Set());
    this.#keep(this.#published, new Set());
    await Promise.all(this.#ending);
  }

  /** Makes watches and publishers match what the services want now. */
  #match(): void {
    const { services } = this.#deps;
    const wanted = Map.groupBy(services.names(), (name) => services.service(name).splitter);
    const followed = new Set(wanted.get("follow"));
    const published = new Set(wanted.get("publish"));
    this.#keep(this.#followed, followed);
    this.#keep(this.#published, published);
    for (const name of followed) {
      if (!this.#followed.has(name)) this.#followed.set(name, this.#follow(name));
    }
    for (const name of published) {
      if (!this.#published.has(name)) this.#published.set(name, this.#publish(name));
    }
  }

  #keep(running: Map<string, { close(): Promise<void> }>, wanted: ReadonlySet<string>): void {
    for (const [name, each] of running) {
      if (wanted.has(name)) continue;
      running.delete(name);
      this.#problems.delete(name);
      const ending = each.close().finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
  }

  #follow(name: string): FollowedSplitter {
    const onResult = (error: unknown): void => this.#tell("splitter.not_followed", name, error);
    return new FollowedSplitter({ ...this.#deps, onResult }, name);
  }

  #publish(name: string): SplitterPublisher {
    const { services } = this.#deps;
    const weights = (): Readonly<Record<string, number>> =>
      Object.fromEntries(services.service(name).versions.map((each) => [each.name, each.weight]));
    const onResult = (error: unknown): void => this.#tell("splitter.not_published", name, error);
    return new SplitterPublisher({ ...this.#deps, weights, onResult }, name);
  }

  /** Tells of a problem once, however often it is tried again. */
  #tell(event: string, service: string, error: unknown): void {
    const { log, events } = this.#deps;
    const before = this.#problems.get(service);
    const message = error === undefined ? undefined : errorText(error);
    if (message === before) return;
    if (message === undefined) {
      this.#problems.delete(service);
      log.info("splitter.in_step", { service });
      return;
    }
    this.#problems.set(service, message);
    log.warn(event, { service, error: message });
    events.emit({ kind: "splitter-failed", services: [service], message });
  }
}
