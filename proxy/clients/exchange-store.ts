import { Exchange } from "../exchange/exchange.ts";
import type { ServeDeps } from "../exchange/deps.ts";

/** Idle exchanges kept for reuse; above it they are left to the collector. */
const SPARE_MAX = 1024;

/**
 * Lends exchanges: a connection has one only while a request is on it, so that an idle connection
 * costs little memory and a busy one allocates nothing.
 */
export class ExchangeStore {
  readonly #spare: Exchange[] = [];
  readonly #requestIdPrefix: string;
  #requests = 0;

  /** `requestIdPrefix`: makes request ids of this worker differ from everybody else's. */
  constructor(requestIdPrefix: string) {
    this.#requestIdPrefix = requestIdPrefix;
  }

  /** An X-Request-Id for a request that has none: unique, not secret. */
  nextRequestId(): string {
    this.#requests += 1;
    return `${this.#requestIdPrefix}${this.#requests}`;
  }

  borrow(deps: ServeDeps): Exchange {
    return this.#spare.pop() ?? new Exchange(deps);
  }

  /** Only for an exchange that nobody calls any more. */
  giveBack(exchange: Exchange): void {
    if (this.#spare.length < SPARE_MAX) this.#spare.push(exchange);
  }
}
