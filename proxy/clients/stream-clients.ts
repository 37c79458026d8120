import { LatestMap } from "../base/latest-map.ts";
import type { StreamClient } from "./stream-client.ts";

/** Objects that a connection keeps for its next requests. */
const SPARE_MAX = 16;

/** The requests and tunnels of one client's HTTP/2 connection. */
export class StreamClients {
  readonly #open = new LatestMap<StreamClient, StreamClient>();
  readonly #spare: StreamClient[] = [];
  readonly #make: () => StreamClient;
  /** As of unreadMs(). 0: the client reads. */
  #unreadSinceMs = 0;

  /** `make`: another one, for a request that none is left for. */
  constructor(make: () => StreamClient) {
    this.#make = make;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Those that are in use. */
  [Symbol.iterator](): IterableIterator<StreamClient> {
    return this.#open.values();
  }

  /** One for a request that has come. */
  take(): StreamClient {
    const client = this.#spare.pop() ?? this.#make();
    this.#open.add(client, client);
    return client;
  }

  /** It is over. */
  giveBack(client: StreamClient): void {
    this.#open.delete(client);
    if (this.#spare.length < SPARE_MAX) this.#spare.push(client);
  }

  /** One is a tunnel. */
  get hasTunnel(): boolean {
    for (const { tunnel } of this.#open.values()) if (tunnel !== undefined) return true;
    return false;
  }

  /** One is a request that has been under way since then, in monotonic ms. */
  hasSince(sinceMs: number): boolean {
    for (const { exchange } of this.#open.values()) {
      if (exchange !== undefined && exchange.sinceMs <= sinceMs) return true;
    }
    return false;
  }

  /**
   * For how long a client that reads nothing has kept the ends of its answers, and with them the
   * connection: streams are open and their requests over. To be asked regularly. `streams`: those
   * that are open; `nowMs`: monotonic.
   */
  unreadMs(streams: number, nowMs: number): number {
    const isUnread = this.#open.size === 0 && streams > 0;
    if (!isUnread) this.#unreadSinceMs = 0;
    else if (this.#unreadSinceMs === 0) this.#unreadSinceMs = nowMs;
    return isUnread ? nowMs - this.#unreadSinceMs : 0;
  }
}
