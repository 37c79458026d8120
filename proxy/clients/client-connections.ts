import type { ClientConnection } from "./client-connection.ts";

/** The open client connections of a worker. */
export class ClientConnections {
  readonly #open = new Set<ClientConnection>();
  /** How many of them are tunnels. */
  tunnels = 0;
  /** We are going: answers announce the close of their connection. */
  draining = false;
  /** Told of every connection whose exchange has ended, while they are being handed over. */
  onIdle: ((connection: ClientConnection) => void) | undefined;
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#open.size;
  }

  add(connection: ClientConnection): void {
    this.#open.add(connection);
  }

  remove(connection: ClientConnection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /** Resolves when none is left. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#open.size === 0) resolve();
    });
  }

  [Symbol.iterator](): IterableIterator<ClientConnection> {
    return this.#open.values();
  }

  /** Ends what is left, at the deadline of a drain. */
  destroyAll(): void {
    for (const connection of this.#open) connection.transport.destroy();
  }
}
