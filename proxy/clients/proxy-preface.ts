import type { ConnectionEnds, Peer } from "../transport/peer.ts";
import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import type { ClientDeps } from "./client-deps.ts";
import { readProxyHeader } from "./proxy-header.ts";
import type { ProxySource } from "./proxy-header.ts";
import type { TrustedPeers } from "./trusted-peers.ts";

/** A connection whose first bytes say from whom it is. */
export interface PrefacedConnection extends TransportHandler {
  readonly transport: WireTransport;
  /** The balancer, until it has said for whom it speaks. */
  peer: Peer;
  /** It is known, and `rest` has been read behind the header. */
  onPrefaced(rest: Buffer): void;
}

/** What judging a header takes. */
export type ProxyPrefaceDeps = Pick<ClientDeps, "rejected"> & {
  readonly trusted: TrustedPeers;
  /** Somebody asks for Peer.ends. */
  readonly wantsEnds: boolean;
};

/**
 * Reads the PROXY protocol's header in the place of a connection, and then lets it read the rest.
 * The client in the header is judged like any peer: only one that is trusted itself is believed
 * what it says in X-Forwarded-* fields, because a balancer of TCP passes those of strangers on.
 * Until the header is whole, the connection's own timer runs: it has as long as a first head.
 */
export class ProxyPreface implements TransportHandler {
  readonly #connection: PrefacedConnection;
  readonly #deps: ProxyPrefaceDeps;
  #held: Buffer = Buffer.alloc(0);

  constructor(connection: PrefacedConnection, deps: ProxyPrefaceDeps) {
    this.#connection = connection;
    this.#deps = deps;
  }

  /** From now on it is the handler of the connection's transport, until the header is whole. */
  begin(): void {
    this.#connection.transport.handler = this;
  }

  onConnect(): void {
    // It is established from the beginning.
  }

  onData(bytes: Buffer, end: number): void {
    const connection = this.#connection;
    const all = Buffer.concat([this.#held, bytes.subarray(0, end)]);
    const header = readProxyHeader(all);
    switch (header.kind) {
      case "more":
        this.#held = all;
        return undefined;
      case "invalid":
        this.#deps.rejected.add("proxy-header-invalid");
        return connection.transport.destroy();
      case "read":
        connection.peer = this.#peerOf(header.source);
        connection.transport.handler = connection;
        return connection.onPrefaced(all.subarray(header.length));
    }
  }

  onEnd(): void {
    this.#connection.transport.destroy();
  }

  onFlushed(): void {
    // Nothing has been written.
  }

  onClose(error: Error | undefined): void {
    this.#connection.onClose(error);
  }

  #peerWith(ends: ConnectionEnds): Peer {
    const { trusted, wantsEnds } = this.#deps;
    const peer = trusted.peerAt(ends.source.address);
    return wantsEnds ? { ...peer, ends } : peer;
  }

  #peerOf(source: ProxySource): Peer {
    switch (source.kind) {
      case "peer":
        return this.#connection.peer;
      case "unix":
        return this.#deps.trusted.unixPeer;
      case "address":
        return this.#peerWith(source.ends);
    }
  }
}
