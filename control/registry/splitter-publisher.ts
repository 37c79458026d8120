import { type Clock, pause } from "../../proxy/base/clock.ts";
import type { Random } from "../../proxy/base/random.ts";
import { backOffMs } from "../consul/back-off.ts";
import type { ConsulClient } from "../consul/client.ts";
import { untilAborted } from "../store/until-aborted.ts";
import { publishSplitter } from "./splitter.ts";

/** What a publisher works with. */
export type SplitterPublisherDeps = {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly random: Random;
  /** The weights that the entry should have, whenever they are needed. */
  readonly weights: () => Readonly<Record<string, number>>;
  /** Called after each try. undefined: the entry says what the table says. Must not throw. */
  readonly onResult: (error: unknown) => void;
};

/** Writes a service's weights to Consul's splitter, again and again until the entry has them. */
export class SplitterPublisher {
  readonly #deps: SplitterPublisherDeps;
  readonly #name: string;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #wake = new AbortController();
  #isDue = true;

  /** Begins at once: the first weights are news to Consul too. */
  constructor(deps: SplitterPublisherDeps, name: string) {
    this.#deps = deps;
    this.#name = name;
    this.#running = this.#run();
  }

  /** The table has other weights. */
  publish(): void {
    this.#isDue = true;
    this.#wake.abort();
  }

  /** Lets what is being written end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#deps;
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      const woken = AbortSignal.any([this.#closing.signal, this.#wake.signal]);
      if (this.#isDue) failures = (await this.#try()) ? 0 : failures + 1;
      else await untilAborted(woken);
      if (failures > 0) await pause(clock, backOffMs(failures, random), woken);
    }
  }

  async #try(): Promise<boolean> {
    const { client, weights, onResult } = this.#deps;
    this.#isDue = false;
    try {
      await publishSplitter(client, this.#name, weights());
      onResult(undefined);
      return true;
    } catch (error) {
      this.#isDue = true;
      onResult(error);
      return false;
    }
  }
}
