import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { ClientConnections, OpenClient } from "../clients/client-connections.ts";
import type { HandedConnection } from "../messages/handed-connection.ts";

/** How often to ask again connections that could not move yet. */
const SWEEP_MS = 20;

/**
 * Most sockets on their way at once. Nobody serves them meanwhile, so this may only take a few
 * milliseconds; the others are served here until it is their turn.
 */
const UNDER_WAY_MAX = 32;

/** Sends a connection to the primary; the handle is closed here once it is there. */
export type SendConnection = (about: HandedConnection, handle: ConnectionHandle) => void;

/**
 * Gives all connections of this worker to its successor, each as soon as it can move: a keep-alive
 * connection between two requests, one of HTTP/2 between two streams, a tunnel when nothing waits
 * to be written. A connection inside an exchange first ends it here, however long the response.
 */
export class HandOver {
  readonly #connections: ClientConnections;
  readonly #send: SendConnection;
  readonly #name: string;
  #given = 0;
  #underWay = 0;

  /** `name`: makes tunnel ids of this worker differ from those of others. */
  constructor(connections: ClientConnections, send: SendConnection, name: string) {
    this.#connections = connections;
    this.#send = send;
    this.#name = name;
  }

  /** Resolves when this worker has no connection any more. */
  async run(): Promise<void> {
    // Not from inside the connection's own call, so that its state settles first.
    this.#connections.onIdle = (connection) => setImmediate(() => this.#giveOrGoOn(connection));
    this.#sweep();
    const sweeps = setInterval(() => this.#sweep(), SWEEP_MS);
    await this.#connections.empty();
    clearInterval(sweeps);
  }

  /** One of the sockets has arrived. */
  taken(): void {
    this.#underWay -= 1;
    if (this.#underWay === UNDER_WAY_MAX / 2) this.#sweep();
  }

  #sweep(): void {
    for (const connection of this.#connections) {
      if (this.#underWay >= UNDER_WAY_MAX) return;
      this.#give(connection);
    }
  }

  #giveOrGoOn(connection: OpenClient): void {
    if (this.#underWay >= UNDER_WAY_MAX || !this.#give(connection)) connection.goOn();
  }

  /** Whether it is gone. */
  #give(connection: OpenClient): boolean {
    if (connection.tunnel !== undefined) return this.#giveTunnel(connection);
    const given = connection.giveAway();
    if (given === undefined) return false;
    this.#given += 1;
    this.#sendOne({ ...given.about, place: this.#given }, given.handle);
    return true;
  }

  #giveTunnel({ tunnel, service }: OpenClient): boolean {
    const given = tunnel?.giveAway();
    if (given?.client === undefined || given.upstream === undefined) return false;
    this.#given += 1;
    const place = this.#given;
    const id = `${this.#name}-${place}`;
    const { peer, about } = given;
    this.#sendOne({ kind: "tunnelClient", place, tunnel: id, peer, service }, given.client);
    this.#sendOne({ kind: "tunnelUpstream", place, tunnel: id, about }, given.upstream);
    return true;
  }

  #sendOne(about: HandedConnection, handle: ConnectionHandle): void {
    this.#underWay += 1;
    this.#send(about, handle);
  }
}
