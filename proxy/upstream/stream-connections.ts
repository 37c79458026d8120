import type { Endpoint } from "./endpoint.ts";
import type { StreamConnection } from "./stream-connection.ts";

/** The connections of one version that carry streams, by endpoint. */
export class StreamConnections {
  readonly #byEndpoint = new Map<Endpoint, StreamConnection[]>();

  /** How many there are, connecting ones included. */
  count = 0;

  /** One more, from its first moment on. Returns it. */
  add(connection: StreamConnection): StreamConnection {
    this.count += 1;
    const others = this.#byEndpoint.get(connection.endpoint);
    if (others === undefined) this.#byEndpoint.set(connection.endpoint, [connection]);
    else others.push(connection);
    return connection;
  }

  /** It is gone. false: it was already. */
  forget(connection: StreamConnection): boolean {
    const all = this.#byEndpoint.get(connection.endpoint) ?? [];
    const index = all.indexOf(connection);
    if (index < 0) return false;
    all.splice(index, 1);
    this.count -= 1;
    if (all.length === 0) this.#byEndpoint.delete(connection.endpoint);
    return true;
  }

  /**
   * The endpoint's oldest connection with room for one more stream, so that the others can come to
   * rest. `unused`: only one that nobody has used before. undefined: there is none.
   */
  withRoom(endpoint: Endpoint, unused = false): StreamConnection | undefined {
    return this.#byEndpoint.get(endpoint)?.find((each) => each.hasRoom && !(unused && each.isUsed));
  }

  /** One with room at any of the first of `endpoints` that may get new work. */
  anyWithRoom(endpoints: Iterable<Endpoint>): StreamConnection | undefined {
    if (this.#byEndpoint.size === 0) return undefined;
    for (const endpoint of endpoints) {
      const connection = endpoint.usable ? this.withRoom(endpoint) : undefined;
      if (connection !== undefined) return connection;
    }
    return undefined;
  }

  /** How many of an endpoint carry nothing. */
  idleCount(endpoint: Endpoint): number {
    return this.#byEndpoint.get(endpoint)?.filter(({ isIdle }) => isIdle).length ?? 0;
  }

  /** Those of an endpoint carry nothing new, and close when what they carry has ended. */
  retire(endpoint: Endpoint): void {
    for (const connection of this.#byEndpoint.get(endpoint) ?? []) connection.retire();
  }

  /** Closes those of an endpoint that carry nothing. */
  closeIdle(endpoint: Endpoint): void {
    for (const connection of this.#byEndpoint.get(endpoint) ?? []) {
      if (connection.isIdle) connection.retire();
    }
  }

  /** Closes an idle one of an endpoint that may get nothing new. false: there is none. */
  closeOneInTheWay(): boolean {
    for (const [endpoint, all] of this.#byEndpoint) {
      const idle = endpoint.usable ? undefined : all.find(({ isIdle }) => isIdle);
      idle?.retire();
      if (idle !== undefined) return true;
    }
    return false;
  }
}
