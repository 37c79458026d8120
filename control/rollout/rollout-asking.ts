import { resolve } from "node:path";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { RolloutsConfig } from "../config/rollouts-schema.ts";
import { HookCalls } from "./hook-calls.ts";
import { metricSource } from "./metric-source.ts";
import type { MetricSource } from "./metric-source.ts";
import { MetricWatch } from "./metric-watch.ts";
import type { RolloutSpec } from "./rollout.ts";

/** Everything outside that rollouts ask, as the file names it. */
export class RolloutAsking {
  readonly hooks: HookCalls;
  readonly #sources: ReadonlyMap<string, MetricSource>;
  readonly #clock: Clock;

  /** `folder`: the configuration file's, where relative paths begin. */
  constructor(
    config: RolloutsConfig,
    folder: string,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    const fileOf = (path: string): string => resolve(folder, path);
    this.#clock = clock;
    this.hooks = new HookCalls({ hooks: config.hooks, fileOf, clock, log });
    const entries = Object.entries(config.metrics);
    this.#sources = new Map(entries.map(([name, each]) => [name, metricSource(each, fileOf)]));
  }

  /** What a rollout asks that the file does not name. undefined: nothing. */
  unknownOf({ hooks = {}, metrics = [] }: RolloutSpec): string | undefined {
    const known = this.hooks.names;
    const asked = Object.values(hooks).flatMap((names = []) => names);
    const hook = asked.find((name) => !known.includes(name));
    return hook ?? metrics.find(({ name }) => !this.#sources.has(name))?.name;
  }

  /** Reads the metrics of a rollout until it is ended. undefined: it has none. */
  watch({ metrics = [], service, from, to }: RolloutSpec): MetricWatch | undefined {
    if (metrics.length === 0) return undefined;
    return new MetricWatch(metrics, this.#sources, { service, from, to }, this.#clock);
  }

  close(): void {
    this.hooks.close();
  }
}
