import { pause } from "../../proxy/base/clock.ts";
import { backOffMs } from "../consul/back-off.ts";
import type { WatchDeps } from "../consul/watch.ts";
import type { Services } from "../table/services.ts";
import { followSplitter } from "./splitter.ts";

/** What a followed splitter works with. */
export type FollowedSplitterDeps = WatchDeps & {
  readonly services: Services;
  /** Called after each try to follow. undefined: the weights are Consul's. Must not throw. */
  readonly onResult: (error: unknown) => void;
};

/** Keeps a service at the weights of Consul's splitter, also when somebody shifts it here. */
export class FollowedSplitter {
  readonly #deps: FollowedSplitterDeps;
  readonly #name: string;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** What the entry says. undefined: there is none, or nobody has heard of it. */
  #weights: Readonly<Record<string, number>> | undefined;
  #restoring: Promise<void> | undefined;

  /** Begins at once. */
  constructor(deps: FollowedSplitterDeps, name: string) {
    this.#deps = deps;
    this.#name = name;
    const onWeights = async (weights: Readonly<Record<string, number>>): Promise<void> => {
      this.#weights = weights;
      await this.#shift(weights);
      deps.onResult(undefined);
    };
    const listener = { onWeights, onFailure: deps.onResult };
    this.#running = followSplitter(deps, name, listener, this.#closing.signal);
  }

  /** The service has changed here: if that was a shift, it is taken back. */
  revised(): void {
    this.#restoring ??= this.#restore().finally(() => (this.#restoring = undefined));
  }

  /** Ends the watch. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#running, this.#restoring]);
  }

  async #restore(): Promise<void> {
    const { clock, random, onResult } = this.#deps;
    const { signal } = this.#closing;
    for (let failures = 1; !signal.aborted; failures += 1) {
      const weights = this.#weights;
      if (weights === undefined || this.#has(weights)) return;
      try {
        await this.#shift(weights);
        onResult(undefined);
      } catch (error) {
        onResult(error);
        await pause(clock, backOffMs(failures, random), signal);
      }
    }
  }

  #has(weights: Readonly<Record<string, number>>): boolean {
    const { services } = this.#deps;
    if (!services.has(this.#name)) return true;
    const { versions } = services.service(this.#name);
    return versions.every(({ name, weight }) => weight === (weights[name] ?? 0));
  }

  /** Versions that the splitter does not name get nothing. */
  async #shift(weights: Readonly<Record<string, number>>): Promise<void> {
    const { services } = this.#deps;
    const others = services
      .service(this.#name)
      .versions.map((version) => [version.name, 0] as const);
    await services.shift(
      this.#name,
      { ...Object.fromEntries(others), ...weights },
      { actor: "consul", reason: "service-splitter", ifMatch: "*" },
    );
  }
}
