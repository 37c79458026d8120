import type { Log } from "../../proxy/base/log.ts";
import type { Events } from "../records/events.ts";
import type { Services } from "../table/services.ts";
import { followSplitter, publishSplitter } from "./splitter.ts";
import type { WatchDeps } from "../consul/watch.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** What splitters work with. */
export type SplittersDeps = WatchDeps & {
  readonly services: Services;
  readonly events: Events;
  readonly log: Log;
};

/**
 * Keeps services with `consul: { splitter: follow }` at the weights of Consul's service-splitter,
 * and writes the shifts of those with `publish` to it. In a fleet every sidecar follows, the first
 * one to write wins and the others find nothing left to do; only the sidecar that made a shift
 * publishes it.
 */
export class Splitters {
  readonly #deps: SplittersDeps;
  readonly #followed = new Map<
    string,
    { readonly end: AbortController; readonly done: Promise<void> }
  >();
  /**
   * Services whose weights Consul must still hear. When its turn comes, each gives its weights of
   * that moment.
   */
  readonly #unpublished = new Set<string>();
  #publishing: Promise<void> = Promise.resolve();

  /** Begins at once; the services must have started. */
  constructor(deps: SplittersDeps) {
    this.#deps = deps;
    this.#follow();
  }

  /** See Registry.revised(). */
  revised(names: readonly string[], isOurs: boolean): void {
    this.#follow();
    if (!isOurs) return;
    for (const name of names) if (this.#modeOf(name) === "publish") this.#publishLater(name);
  }

  /** Ends all watches and lets what is being written end. */
  async close(): Promise<void> {
    const followed = [...this.#followed.values()];
    for (const { end } of followed) end.abort();
    await Promise.all([this.#publishing, ...followed.map(async ({ done }) => done)]);
  }

  #publishLater(name: string): void {
    if (this.#unpublished.has(name)) return;
    this.#unpublished.add(name);
    this.#publishing = this.#publishing.then(async () => {
      this.#unpublished.delete(name);
      await this.#publish(name);
    });
  }

  #modeOf(service: string): "follow" | "publish" | undefined {
    const { services } = this.#deps;
    return services.names().includes(service) ? services.service(service).splitter : undefined;
  }

  /** Makes the watches match the services that follow now. */
  #follow(): void {
    const names = this.#deps.services.names();
    const wanted = new Set(names.filter((name) => this.#modeOf(name) === "follow"));
    for (const [name, { end }] of this.#followed) {
      if (wanted.has(name)) continue;
      end.abort();
      this.#followed.delete(name);
    }
    for (const name of wanted) {
      if (this.#followed.has(name)) continue;
      const end = new AbortController();
      const listener = {
        onWeights: async (weights: Readonly<Record<string, number>>) => this.#shift(name, weights),
        onFailure: (error: unknown) => this.#warn("splitter.not_followed", name, error),
      };
      const done = followSplitter(this.#deps, name, listener, end.signal);
      this.#followed.set(name, { end, done });
    }
  }

  /** Versions that the splitter does not name get nothing. */
  async #shift(name: string, weights: Readonly<Record<string, number>>): Promise<void> {
    const { services } = this.#deps;
    const others = services.service(name).versions.map((version) => [version.name, 0] as const);
    await services.shift(
      name,
      { ...Object.fromEntries(others), ...weights },
      // Consul has decided this already: there is nobody to ask.
      { actor: "consul", reason: "service-splitter", ifMatch: "*", force: true },
    );
  }

  async #publish(name: string): Promise<void> {
    try {
      const { versions } = this.#deps.services.service(name);
      const weights = versions.map((version) => [version.name, version.weight] as const);
      await publishSplitter(this.#deps.client, name, Object.fromEntries(weights));
      this.#deps.log.info("splitter.published", { service: name });
    } catch (error) {
      this.#warn("splitter.not_published", name, error);
    }
  }

  #warn(event: string, service: string, error: unknown): void {
    const message = errorText(error);
    this.#deps.log.warn(event, { service, error: message });
    if (event === "splitter.not_published")
      this.#deps.events.emit({ kind: "splitter-failed", services: [service], message });
  }
}
