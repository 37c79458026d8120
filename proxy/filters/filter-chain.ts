import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { FilterFailureKind } from "../metrics/stats.ts";
import { DraftRequest, DraftResponse } from "./head-draft.ts";
import type { HeadDraft, RequestFacts } from "./head-draft.ts";
import type { LoadedFilter } from "./loaded-filter.ts";
import { errorText } from "../base/error-text.ts";

/** A filter that fails every request must not fill the disk with log lines. */
const TOLD_INTERVAL_MS = 10_000;
/** Longest message of a filter's error in the log: it may quote a request. */
const MESSAGE_LENGTH_MAX = 200;

/** What a chain needs besides its filters. */
export type ChainDeps = { readonly clock: Clock; readonly log: Log };

/** What happens after a hook has failed. */
type Failure = { readonly kind: FilterFailureKind; readonly message: string };

/**
 * The filters of one service, in order. Immutable: an exchange keeps the chain that it began with
 * while others come into force.
 */
export class FilterChain {
  readonly service: string;
  readonly filters: readonly LoadedFilter[];
  readonly #deps: ChainDeps;

  constructor(service: string, filters: readonly LoadedFilter[], deps: ChainDeps) {
    this.service = service;
    this.filters = filters;
    this.#deps = deps;
  }

  /** The filter of this name. undefined: none. */
  find(name: string): LoadedFilter | undefined {
    return this.filters.find((filter) => filter.name === name);
  }

  /**
   * Shows a request to the filters in their order, until one answers it. The draft holds what they
   * did. Returns false if one with onError closed has failed.
   */
  request(draft: HeadDraft, facts: RequestFacts): boolean {
    const head = new DraftRequest(draft, facts);
    for (const filter of this.filters) {
      if (!this.#run(filter, draft, () => filter.hooks?.request?.(head))) return false;
      if (draft.answer === undefined) continue;
      filter.counts.answers += 1;
      break;
    }
    draft.close();
    return true;
  }

  /** Shows a response to the filters, the last one first. Otherwise like request(). */
  response(draft: HeadDraft, status: number): boolean {
    const head = new DraftResponse(draft, status);
    for (const filter of this.filters.toReversed()) {
      if (!this.#run(filter, draft, () => filter.hooks?.response?.(head))) return false;
    }
    draft.close();
    return true;
  }

  /** Runs a hook, and undoes what it did if it fails. Returns whether the exchange may continue. */
  #run(filter: LoadedFilter, draft: HeadDraft, hook: () => unknown): boolean {
    const before = draft.save();
    const failure = this.#failureOf(filter, hook);
    if (failure === undefined) return true;
    draft.restore(before);
    this.#note(filter, failure);
    return filter.spec.filter.onError === "bypass";
  }

  #failureOf(filter: LoadedFilter, hook: () => unknown): Failure | undefined {
    if (filter.hooks === undefined) return { kind: "load", message: "it could not be loaded" };
    const { clock } = this.#deps;
    const startedMs = clock.nowMs();
    try {
      const result = hook();
      if (result instanceof Promise) return asynchronous(result);
    } catch (error) {
      return { kind: "throw", message: errorText(error) };
    }
    const { timeoutMs } = filter.spec.filter;
    const tookMs = clock.nowMs() - startedMs;
    if (timeoutMs === 0 || tookMs <= timeoutMs) return undefined;
    return { kind: "timeout", message: `a hook took ${tookMs.toFixed(1)} ms` };
  }

  #note({ name, version, counts }: LoadedFilter, { kind, message }: Failure): void {
    counts.failed(kind);
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - counts.toldMs < TOLD_INTERVAL_MS) return;
    counts.toldMs = nowMs;
    const about = { service: this.service, filter: name, version, kind };
    this.#deps.log.warn("filter.failed", {
      ...about,
      message: message.slice(0, MESSAGE_LENGTH_MAX),
    });
  }
}

function asynchronous(result: Promise<unknown>): Failure {
  // Nobody waits for it, and its rejection is no news.
  result.catch(() => undefined);
  return { kind: "throw", message: "a hook gave a promise: hooks are synchronous" };
}
