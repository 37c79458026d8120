import { errorText } from "../../proxy/base/error-text.ts";
import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { isOutside } from "./metric-limits.ts";
import type { MetricReading } from "./metric-limits.ts";
import type { MetricLimit } from "./others-asked.ts";
import type { MetricSource, MetricSubject } from "./metric-source.ts";

type Read = { value: number | undefined; atMs: number; bad: number; problem: string | undefined };

/** Reads the metrics of one rollout, from when it is led here until that ends. */
export class MetricWatch {
  readonly #limits: readonly MetricLimit[];
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  readonly #read = new Map<string, Read>();

  constructor(
    limits: readonly MetricLimit[],
    sources: ReadonlyMap<string, MetricSource>,
    about: MetricSubject,
    clock: Clock,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    for (const limit of limits) void this.#follow(limit, sources.get(limit.name), about);
  }

  /** What is known now. Those that were never tried are not among them. */
  get readings(): readonly MetricReading[] {
    const nowMs = this.#clock.nowMs();
    return this.#limits.flatMap(({ name }) => {
      const read = this.#read.get(name);
      if (read === undefined) return [];
      const { value, atMs, bad, problem } = read;
      return [{ name, value, ageMs: nowMs - atMs, bad, problem }];
    });
  }

  end(): void {
    this.#ended.abort();
  }

  async #follow(
    limit: MetricLimit,
    source: MetricSource | undefined,
    about: MetricSubject,
  ): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#readOnce(limit, source, about);
      await pause(this.#clock, limit.everyMs, signal);
    }
  }

  async #readOnce(
    limit: MetricLimit,
    source: MetricSource | undefined,
    about: MetricSubject,
  ): Promise<void> {
    const known = this.#read.get(limit.name) ?? { value: undefined, atMs: 0, bad: 0 };
    try {
      if (source === undefined) throw new Error("the file of this sidecar does not name it");
      const value = await source.read(about, this.#ended.signal);
      const bad = isOutside(limit, value) ? known.bad + 1 : 0;
      this.#read.set(limit.name, { value, bad, atMs: this.#clock.nowMs(), problem: undefined });
    } catch (error) {
      // What was read before ages; nobody takes a gap for a good value, nor for a bad one.
      this.#read.set(limit.name, { ...known, problem: errorText(error) });
    }
  }
}
