import type { Endpoint } from "./endpoint.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/**
 * Which connections will do: any; one that has not rested for so long that its endpoint might be
 * closing it; none that anybody has used before.
 */
export type Freshness = "any" | "recent" | "new";

/**
 * The open connections of one version that nobody uses, by endpoint. The one used last is taken
 * first, so that the others can reach their idle time.
 */
export class IdleConnections {
  readonly #byEndpoint = new Map<Endpoint, UpstreamConnection[]>();

  /** Those that rest for one client alone. */
  readonly #bound = new Set<UpstreamConnection>();

  /** How many an endpoint has. */
  count(endpoint: Endpoint): number {
    return this.#byEndpoint.get(endpoint)?.length ?? 0;
  }

  /** Keeps a connection that rests; `alone`: for one client, until that takes it or it is gone. */
  add(connection: UpstreamConnection, alone = false): void {
    if (alone) return void this.#bound.add(connection);
    const resting = this.#byEndpoint.get(connection.endpoint);
    if (resting === undefined) this.#byEndpoint.set(connection.endpoint, [connection]);
    else resting.push(connection);
    return undefined;
  }

  /** Takes one that rests for one client alone. */
  unbind(connection: UpstreamConnection): void {
    this.#bound.delete(connection);
  }

  /**
   * The endpoint's most recently used connection that is still open. undefined: it has none that is
   * as fresh as that.
   */
  take(endpoint: Endpoint, freshness: Freshness = "any"): UpstreamConnection | undefined {
    const resting = freshness === "new" ? undefined : this.#byEndpoint.get(endpoint);
    for (;;) {
      const connection = resting?.at(-1);
      if (connection === undefined) return undefined;
      const { closed } = connection.transport;
      if (!closed && freshness === "recent" && !connection.isRecent) return undefined;
      resting?.pop();
      if (!closed) return connection;
    }
  }

  /** One of the first of `endpoints` that has any and whose usability is `usable`. */
  takeAny(endpoints: Iterable<Endpoint>, usable: boolean): UpstreamConnection | undefined {
    for (const endpoint of endpoints) {
      const connection = endpoint.usable === usable ? this.take(endpoint) : undefined;
      if (connection !== undefined) return connection;
    }
    return undefined;
  }

  /** The connection is gone. It need not have been at rest. */
  forget(connection: UpstreamConnection): void {
    const resting = this.#byEndpoint.get(connection.endpoint);
    const index = resting?.indexOf(connection) ?? -1;
    if (index >= 0) resting?.splice(index, 1);
    this.#bound.delete(connection);
  }

  /** Closes all of an endpoint. */
  close(endpoint: Endpoint): void {
    const resting = this.#byEndpoint.get(endpoint) ?? [];
    this.#byEndpoint.delete(endpoint);
    for (const connection of resting) connection.transport.destroy();
    for (const connection of this.#bound) {
      if (connection.endpoint === endpoint) connection.transport.destroy();
    }
  }
}
