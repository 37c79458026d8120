import { Timer } from "../base/timer-wheel.ts";
import type { Expiring } from "../base/timer-wheel.ts";
import { acceptTransport } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import type { Peer } from "../transport/peer.ts";
import type { WireTransport } from "../transport/transport.ts";
import type { ClientDeps } from "./client-deps.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./handshake.ts";
import type { Newcomer } from "./handshake.ts";
import type { PrefacedConnection } from "./proxy-preface.ts";

/** Where it goes when its header has been read. */
type Door = { knock(newcomer: Newcomer): void };

/**
 * A connection that says in clear from whom it is before it speaks TLS. Only on Node's own streams:
 * a net.Socket cannot be taken out of its transport.
 */
export class PrefacedNewcomer implements PrefacedConnection, Expiring {
  readonly transport: WireTransport;
  peer: Peer;
  readonly #deps: Pick<ClientDeps, "connections" | "rejected">;
  readonly #door: Door;
  readonly #timer = new Timer(this);

  constructor(accepted: Accepted, peer: Peer, deps: ClientDeps, door: Door) {
    this.peer = peer;
    this.#deps = deps;
    this.#door = door;
    this.transport = acceptTransport(accepted, deps.buffers, this);
    deps.connections.shaking += 1;
    deps.wheel.arm(this.#timer, HANDSHAKE_TIMEOUT_MS);
  }

  /** Another read may be under way: TLS begins when that is over. */
  onPrefaced(rest: Buffer): void {
    const accepted = this.transport.detach();
    if (accepted === undefined) return this.transport.destroy();
    this.#timer.close();
    setImmediate(() => {
      this.#door.knock({ accepted, peer: this.peer, read: rest.length > 0 ? rest : undefined });
      this.#deps.connections.shaken();
    });
    return undefined;
  }

  onConnect(): void {
    // It is established from the beginning.
  }

  onData(): void {
    // Its ProxyPreface reads.
  }

  onEnd(): void {
    this.transport.destroy();
  }

  onFlushed(): void {
    // Nothing has been written.
  }

  onClose(): void {
    this.#timer.close();
    this.#deps.connections.shaken();
  }

  onDeadline(): void {
    this.#deps.rejected.add("tls-timeout");
    this.transport.destroy();
  }
}
