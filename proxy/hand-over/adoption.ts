import type { ConnectionHandle } from "../base/connection-handle.ts";
import { ClientConnection } from "../clients/client-connection.ts";
import { Http2Client } from "../clients/http2-client.ts";
import type { ClientDeps } from "../clients/client-deps.ts";
import { adoptTunnel } from "../tunnel/open-tunnel.ts";
import type { HandedConnection, IdleHttp2Connection } from "../messages/handed-connection.ts";

/** Client sides of tunnels that may wait for their other side; it follows at once. */
const HALVES_MAX = 64;

type HalfTunnel = HandedConnection & { readonly kind: "tunnelClient" };

/** Takes over connections that an older worker gives away. */
export class Adoption {
  readonly #deps: ClientDeps;
  readonly #halves = new Map<string, { about: HalfTunnel; handle: ConnectionHandle }>();

  constructor(deps: ClientDeps) {
    this.#deps = deps;
  }

  /** Takes a connection over. */
  adopt(about: HandedConnection, handle: ConnectionHandle): void {
    switch (about.kind) {
      case "idle":
        return this.#client(about, handle).adopt(about);
      case "idleHttp2":
        return this.#http2Client(about, handle).begin(about);
      case "tunnelClient":
        return this.#await(about, handle);
      case "tunnelUpstream":
        return this.#join(about, handle);
    }
  }

  #client(about: Pick<HalfTunnel, "peer" | "service">, handle: ConnectionHandle): ClientConnection {
    const client = new ClientConnection(handle, about.peer, about.service, this.#deps);
    this.#deps.connections.add(client);
    return client;
  }

  #http2Client(about: IdleHttp2Connection, handle: ConnectionHandle): Http2Client {
    const client = new Http2Client(handle, about.peer, about.service, this.#deps);
    this.#deps.connections.add(client);
    return client;
  }

  #await(about: HalfTunnel, handle: ConnectionHandle): void {
    this.#halves.set(about.tunnel, { about, handle });
    if (this.#halves.size <= HALVES_MAX) return;
    const [oldest] = this.#halves.keys();
    if (oldest === undefined) return;
    this.#halves.get(oldest)?.handle.close();
    this.#halves.delete(oldest);
  }

  #join(half: HandedConnection & { kind: "tunnelUpstream" }, handle: ConnectionHandle): void {
    const other = this.#halves.get(half.tunnel);
    this.#halves.delete(half.tunnel);
    if (other === undefined) return handle.close();
    const { services, wheel } = this.#deps;
    const { about } = half;
    const pool = services.poolFor(about.service, about.version);
    return adoptTunnel(this.#client(other.about, other.handle), { pool, handle, about }, wheel);
  }
}
