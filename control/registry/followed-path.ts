import type { Log } from "../../proxy/base/log.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { ConsulAnswer } from "../consul/answer.ts";
import { watch } from "../consul/watch.ts";
import type { WatchDeps, WatchTarget } from "../consul/watch.ts";

/** What following a path works with. */
export type FollowedPathDeps = WatchDeps & { readonly log: Log };

/** Reads answers, and is told their values. */
export type PathReader<Value> = {
  /** Reads an answer. If it throws, the last value stays in force and the error is reported. */
  readonly read: (answer: ConsulAnswer, signal: AbortSignal) => Value | Promise<Value>;
  /** Called with each new value. Must not throw. */
  readonly onValue: (value: Value) => void;
};

/** Consul's answer at one path, kept up to date. While Consul is away the last value stays. */
export class FollowedPath<Value> {
  readonly #deps: FollowedPathDeps;
  readonly #target: WatchTarget;
  readonly #ending = new AbortController();
  readonly #tried = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #value: Value | undefined;
  #problem: string | undefined;

  /** Begins at once. */
  constructor(deps: FollowedPathDeps, target: WatchTarget, { read, onValue }: PathReader<Value>) {
    this.#deps = deps;
    this.#target = target;
    const { signal } = this.#ending;
    const listener = {
      onChange: async (answer: ConsulAnswer): Promise<void> => {
        this.#value = await read(answer, signal);
        onValue(this.#value);
      },
      onFresh: (): void => this.#confirm(),
      onFailure: (error: unknown): void => this.#fail(error),
    };
    this.#running = watch(deps, target, listener, signal);
  }

  /** undefined: Consul has not answered yet. */
  get value(): Value | undefined {
    return this.#value;
  }

  /** Why the value may be out of date. undefined: Consul would tell us of a change. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves with the first answer or failure, or when the watch ends. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#tried.resolve();
    await this.#running;
  }

  #confirm(): void {
    if (this.#problem !== undefined) this.#deps.log.info("connect.current", this.#about);
    this.#problem = undefined;
    this.#tried.resolve();
  }

  #fail(error: unknown): void {
    const problem = errorText(error);
    if (problem !== this.#problem) {
      this.#deps.log.warn("connect.stale", { ...this.#about, error: problem });
    }
    this.#problem = problem;
    this.#tried.resolve();
  }

  get #about(): { readonly path: string } {
    return { path: this.#target.path };
  }
}
