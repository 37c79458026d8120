import type { SendHandle } from "node:child_process";
import type { ConnectionHandle } from "../../proxy/base/connection-handle.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { HandedConnection } from "../../proxy/messages/handed-connection.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** A worker, as far as it matters here. */
type Adopter = Pick<WorkerProcess, "ask" | "pid">;

/** Takes a connection out of this process; calls `onGone` when it no longer needs the handle. */
export type GiveConnection = (
  connection: HandedConnection,
  handle: ConnectionHandle,
  onGone: () => void,
) => void;

/** Takes over what the workers of another primary still give away. */
export interface Heir {
  /** Takes over a connection. */
  adopt(connection: HandedConnection, handle: ConnectionHandle): void;
  /** Takes over the counts of the other primary's workers. */
  addCounts(stats: readonly WorkerStats[]): void;
}

/** A socket with what is known of it. */
type Handed = {
  readonly connection: HandedConnection;
  readonly handle: ConnectionHandle;
  /** Who gave it. undefined: another primary. */
  readonly from: Adopter | undefined;
};

/**
 * Passes on the connections that workers give away. Each goes to the worker that it is meant for,
 * or else to one of those that serve; if there is none, it waits for the next. Both sides of a
 * tunnel are sent together, so that nothing can come between them.
 */
export class HandOverDesk {
  readonly #log: Log;
  readonly #serving: () => readonly Adopter[];
  /** Clients' sides of tunnels whose other sides are still on their way. */
  readonly #halves = new Map<string, Handed>();
  /** As many as clients have open at most: each was accepted under connectionsMax. */
  #waiting: (readonly Handed[])[] = [];
  /** Who gets all connections. undefined: our own workers. */
  #heir: GiveConnection | undefined;

  /** `serving`: the workers that may get connections now. */
  constructor(log: Log, serving: () => readonly Adopter[]) {
    this.#log = log;
    this.#serving = serving;
  }

  /** Takes a connection. `from`: the worker that gave it. undefined: another primary. */
  take(connection: HandedConnection, handle: ConnectionHandle, from?: Adopter): void {
    const handed = { connection, handle, from };
    if (this.#heir !== undefined) return this.#giveTo(this.#heir, handed);
    switch (connection.kind) {
      case "idle":
      case "idleHttp2":
        return this.#pass([handed]);
      case "tunnelClient":
        this.#halves.set(connection.tunnel, handed);
        return undefined;
      case "tunnelUpstream":
        return this.#join(connection.tunnel, handed);
    }
  }

  /** A worker has begun to serve: it gets what waits. */
  workerServes(): void {
    for (const handed of this.#waiting.splice(0)) this.#pass(handed);
  }

  /** A worker has ended: the half of a tunnel that it gave stays half. */
  workerEnded(worker: Adopter): void {
    for (const [tunnel, { handle, from }] of this.#halves) {
      if (from !== worker) continue;
      this.#halves.delete(tunnel);
      handle.close();
    }
  }

  /** From now on another primary gets everything, beginning with what waits. */
  leaveTo(heir: GiveConnection): void {
    this.#heir = heir;
    for (const handed of this.#takeAll()) this.#giveTo(heir, handed);
  }

  /** Closes what nobody has taken. */
  close(): void {
    for (const { handle } of this.#takeAll()) handle.close();
  }

  #takeAll(): readonly Handed[] {
    const all = [...this.#waiting.flat(), ...this.#halves.values()];
    this.#halves.clear();
    this.#waiting = [];
    return all;
  }

  #join(tunnel: string, upstream: Handed): void {
    const client = this.#halves.get(tunnel);
    this.#halves.delete(tunnel);
    if (client === undefined) letGo(upstream);
    else this.#pass([client, upstream]);
  }

  #pass(handed: readonly Handed[]): void {
    const workers = this.#serving();
    const connection = handed[0]?.connection;
    const meant = workers.find(({ pid }) => pid === connection?.to);
    const worker = meant ?? workers[(connection?.place ?? 0) % workers.length];
    if (worker === undefined) this.#waiting.push(handed);
    else for (const each of handed) void this.#give(worker, each);
  }

  #giveTo(heir: GiveConnection, handed: Handed): void {
    heir(handed.connection, handed.handle, () => letGo(handed));
  }

  async #give(worker: Adopter, handed: Handed): Promise<void> {
    const { connection, handle } = handed;
    try {
      await worker.ask({ kind: "adopt", connection }, handle as unknown as SendHandle);
    } catch (error) {
      // It may have read from it before it ended: the next one would not see the beginning.
      this.#log.warn("connection.lost", {
        message: errorText(error),
      });
    }
    letGo(handed);
  }
}

/** The socket has arrived or is lost: closes our copy and tells the worker that gave it. */
function letGo({ handle, from }: Handed): void {
  handle.close();
  from?.ask({ kind: "taken" }).catch(() => undefined);
}
