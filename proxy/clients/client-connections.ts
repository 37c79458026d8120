import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { ProxyError } from "../exchange/respond.ts";
import type { JudgedRequest } from "../intentions/permission-rule.ts";
import type { IdleConnection, IdleHttp2Connection } from "../messages/handed-connection.ts";
import type { Transport } from "../transport/transport.ts";
import type { OpenTunnel } from "../tunnel/tunnel-ends.ts";

/** How long a client that has left while it was not read may keep its place. */
const LOOK_INTERVAL_MS = 1_000;

/** A request under way, as seen by those that end work that takes too long. */
export interface OpenRequest {
  /** The version that it is under way at. undefined: none. */
  readonly pool: { readonly service: string; readonly version: string } | undefined;
  /**
   * When it arrived, in monotonic milliseconds, which is different for any two requests of one
   * object.
   */
  readonly sinceMs: number;
  /** What was asked for. */
  readonly head: JudgedRequest;
  /** Whether an endpoint may have seen any of it. */
  readonly request: { readonly written: boolean };
  /** 0: its client has heard nothing yet. */
  readonly answer: { readonly status: number };
  /** Ends it. `error`: what the client is told if it has heard nothing yet. */
  cut(error?: ProxyError): void;
}

/** A client connection on its way to another worker. */
export type GivenClient = {
  readonly handle: ConnectionHandle;
  readonly about: IdleConnection | IdleHttp2Connection;
};

/** A stream of a client connection. */
export type OpenStream = Pick<OpenClient, "tunnel" | "exchange"> & {
  /** The answer under way, if it is one of many messages. */
  readonly call?: OpenCall | undefined;
  /**
   * Where the answer goes. refuse() ends the exchange: its client knows that nothing was done for
   * it, and may send it again at once. Absent: there is no way to say that.
   */
  readonly stream?: { refuse?(): void };
};

/** The answer to a call of gRPC that may last, as seen by those that end such. */
export interface OpenCall {
  readonly isBetweenMessages: boolean;
  /** It is to end behind the message that is under way. */
  closing: boolean;
}

/** A client connection of any protocol, as the worker that has many of them sees it. */
export interface OpenClient {
  readonly transport: Transport;
  /** The listener's service. undefined: by Host. */
  readonly service: string | undefined;
  /** Who has taken it over. undefined: nobody. */
  readonly tunnel: OpenTunnel | undefined;
  /** It cannot be given away, now or later. */
  readonly staysHere: boolean;
  /** The request that is under way on it. undefined: none. */
  readonly exchange: OpenRequest | undefined;
  /** Its streams, if it has several, each with a request or a tunnel. undefined: it has not. */
  readonly streams?: Iterable<OpenStream> | undefined;
  /**
   * Since when no part of a request has arrived, in monotonic milliseconds. undefined: some part
   * has.
   */
  readonly idleSinceMs: number | undefined;
  /** Intentions have changed: ends what they no longer allow. */
  judgeAgain(): void;
  /** Finds out whether the client has left while it is not read, and what follows from that. */
  look(): void;
  /** Closes it if it is idle. What the client sends at this very moment gets FIN, not a reset. */
  closeWhenIdle(): void;
  /**
   * Gives the connection away, between requests. undefined: not now. The caller sends the handle.
   */
  giveAway(): GivenClient | undefined;
  /** It was offered but stays, and continues with the next request. */
  goOn(): void;
}

/** The open client connections of a worker. */
export class ClientConnections {
  readonly #open = new Set<OpenClient>();
  /** How many of them are tunnels. */
  tunnels = 0;
  /** How many of them are no tunnels yet, but will be nothing else. */
  seeking = 0;
  /** How many of them speak HTTP/2, and how many of their streams are tunnels. */
  http2 = 0;
  streamTunnels = 0;
  /** Connections that are shaking hands, and not yet among those that are open. */
  shaking = 0;
  /** Connections that have had their last answer and are read empty, turned away ones included. */
  lingering = 0;
  /** The worker is ending: answers announce that their connection will close. */
  draining = false;
  /** Told of every connection whose exchange has ended, while they are being handed over. */
  onIdle: ((connection: OpenClient) => void) | undefined;
  #onEmpty: (() => void) | undefined;

  /** Looks from now on after the clients that are not read. Does not keep the process alive. */
  watch(): void {
    setInterval(() => this.look(), LOOK_INTERVAL_MS).unref();
  }

  /** Once: whoever has left gives its place free. */
  look(): void {
    for (const connection of this.#open) connection.look();
  }

  /** Intentions have changed: ends whatever is open that they no longer allow. */
  judgeAgain(): void {
    for (const connection of this.#open) connection.judgeAgain();
  }

  get size(): number {
    return this.#open.size;
  }

  /** None is open, and none about to be. */
  get isEmpty(): boolean {
    return this.#open.size === 0 && this.shaking === 0;
  }

  /** One has shaken hands, or is gone. */
  shaken(): void {
    this.shaking -= 1;
    if (this.isEmpty) this.#onEmpty?.();
  }

  add(connection: OpenClient): void {
    this.#open.add(connection);
  }

  remove(connection: OpenClient): void {
    this.#open.delete(connection);
    if (this.isEmpty) this.#onEmpty?.();
  }

  /** Resolves when none is left. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.isEmpty) resolve();
    });
  }

  [Symbol.iterator](): IterableIterator<OpenClient> {
    return this.#open.values();
  }

  /** Ends what is left, at the deadline of a drain. */
  destroyAll(covers: (connection: OpenClient) => boolean = () => true): void {
    for (const connection of this.#open) if (covers(connection)) connection.transport.destroy();
  }
}
