import type { ExchangeDeps } from "../exchange/deps.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { ExchangeClient } from "../exchange/ports.ts";

/** Most idle exchanges kept for reuse; the garbage collector takes the rest. */
const SPARE_MAX = 1024;

/**
 * Lends exchanges: a connection has one only while a request is on it, so that an idle connection
 * costs little memory and a busy one allocates nothing.
 */
export class ExchangeStore {
  readonly #deps: ExchangeDeps;
  readonly #spare: Exchange[] = [];

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
  }

  /** An exchange for the next request of this client. */
  lend(client: ExchangeClient): Exchange {
    const exchange = this.#spare.pop() ?? new Exchange(this.#deps, client);
    exchange.lend(client);
    return exchange;
  }

  /** Takes back an exchange that nobody calls any more; what it knew goes now. */
  giveBack(exchange: Exchange): void {
    if (this.#spare.length >= SPARE_MAX) return;
    exchange.clear();
    this.#spare.push(exchange);
  }
}
