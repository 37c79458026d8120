import { latin1 } from "../base/latin1.ts";
import type { Peer } from "../transport/peer.ts";
import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import type { ClientDeps } from "./client-deps.ts";
import { Http2Client } from "./http2-client.ts";
import type { PrefacedConnection } from "./proxy-preface.ts";

/** No method begins like this but the one that stands for HTTP/2 (RFC 9113 section 3.4). */
const PREFACE_START = "PRI ";

/** A connection that is of HTTP/1.1 unless its first bytes say otherwise. */
export interface UndecidedConnection extends TransportHandler {
  readonly transport: WireTransport;
  peer: Peer;
  readonly service: string | undefined;
  /** Some of what may be its first head has come, and the rest must follow in time. */
  awaitHead(): void;
  /** Another one goes on with its transport. */
  abandon(): void;
}

/**
 * Reads the first bytes of a client in the place of its connection, and decides by them: one port
 * serves HTTP/1.1 and HTTP/2 without an agreement (RFC 9113 section 3.3). Until then, the
 * connection's own timer runs.
 */
export class FirstBytes implements PrefacedConnection {
  readonly transport: WireTransport;
  readonly #connection: UndecidedConnection;
  readonly #deps: ClientDeps;
  #held: Buffer | undefined;

  constructor(connection: UndecidedConnection, deps: ClientDeps) {
    this.transport = connection.transport;
    this.#connection = connection;
    this.#deps = deps;
  }

  /** From now on it is the handler of the connection's transport, until it is decided. */
  begin(): this {
    this.transport.handler = this;
    return this;
  }

  /** Nothing has come, so that another worker can begin anew. */
  get isEmpty(): boolean {
    return this.#held === undefined;
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  set peer(peer: Peer) {
    this.#connection.peer = peer;
  }

  onPrefaced(rest: Buffer): void {
    if (rest.length > 0) this.onData(rest, rest.length);
  }

  onConnect(): void {
    // It is established from the beginning.
  }

  onData(bytes: Buffer, end: number): void {
    const held = this.#held;
    if (held === undefined) return this.#decide(bytes, end);
    const joined = Buffer.concat([held, bytes.subarray(0, end)]);
    return this.#decide(joined, joined.length);
  }

  onEnd(): void {
    this.#connection.onEnd();
  }

  onFlushed(): void {
    // Nothing has been written.
  }

  onClose(error: Error | undefined): void {
    this.#connection.onClose(error);
  }

  #decide(bytes: Buffer, end: number): void {
    const length = Math.min(end, PREFACE_START.length);
    if (latin1(bytes, 0, length) !== PREFACE_START.slice(0, length)) {
      this.transport.handler = this.#connection;
      return this.#connection.onData(bytes, end);
    }
    if (length === PREFACE_START.length) return this.#becomeHttp2(bytes, end);
    this.#held = Buffer.from(bytes.subarray(0, end));
    return this.#connection.awaitHead();
  }

  #becomeHttp2(bytes: Buffer, end: number): void {
    const { peer, service } = this.#connection;
    const next = new Http2Client(this.transport, peer, service, this.#deps);
    this.#deps.connections.add(next);
    this.#connection.abandon();
    next.begin();
    next.onData(bytes, end);
  }
}
