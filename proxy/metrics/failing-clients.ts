/** Clients that are remembered in a second. The failures of more count one by one. */
const CLIENTS_MAX = 1_024;

/**
 * Tells failures of a client that keeps failing from those of many, so that somebody who tries
 * again counts once in a second.
 *
 * A client is whatever its choice of a version sticks to, or else its connection. On a connection
 * only failures in a row count as one: it may be a gateway's, with requests of many in it, and to
 * count it once would hide more of the version that has more of them.
 */
export class FailingClients {
  readonly #connections = new Set<object>();
  readonly #keys = new Set<number>();
  #second = -1;

  /** Whether anybody fails: if not, nobody need say that it went well. */
  get isEmpty(): boolean {
    return this.#connections.size === 0;
  }

  /** A request on a connection went well. */
  succeeded(connection: object): void {
    this.#connections.delete(connection);
  }

  /**
   * A request failed. Whether it counts as another client's in this second. `key`: what its choice
   * of a version sticks to; undefined: nothing.
   */
  failed(second: number, connection: object, key: number | undefined): boolean {
    if (second !== this.#second) this.#begin(second);
    return key === undefined ? isNew(this.#connections, connection) : isNew(this.#keys, key);
  }

  #begin(second: number): void {
    this.#second = second;
    this.#connections.clear();
    this.#keys.clear();
  }
}

function isNew<Client>(known: Set<Client>, client: Client): boolean {
  if (known.has(client)) return false;
  if (known.size < CLIENTS_MAX) known.add(client);
  return true;
}
