import { spawn } from "node:child_process";
import type { ChildProcess, SendHandle } from "node:child_process";
import type { ConnectionHandle } from "../../proxy/base/connection-handle.ts";
import type { HandedConnection } from "../../proxy/messages/handed-connection.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import { SwapError } from "../base/errors.ts";
import { PREDECESSOR_ENV } from "./inheritance.ts";
import type { FromSuccessor, ToSuccessor } from "./inheritance.ts";
import type { BoundSocket } from "../workers/listening-sockets.ts";
import type { KeptDocument } from "../store/documents.ts";
import type { StoredTable } from "../store/store.ts";
import type { TicketState } from "../tls/ticket-rotation.ts";

/**
 * How long a new primary may take until it serves; after that it is killed and the old one
 * continues.
 */
const START_WAIT_MS = 30_000;

/** What a successor is started with. */
export type SuccessorOptions = {
  /** The program's entry, as `sluice` runs it. */
  readonly file: string;
  readonly configPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly sockets: ReadonlyMap<string, BoundSocket>;
  readonly table: StoredTable;
  readonly tickets: TicketState;
  readonly countsEpoch: string;
  /** Those beside a table in memory. undefined: they are kept elsewhere. */
  readonly documents: ReadonlyMap<string, KeptDocument> | undefined;
};

/** A new primary process that takes this one's place. */
export class Successor {
  readonly #child: ChildProcess;

  /** Resolves when it serves. @throws SwapError when it ends or does not serve in time. */
  static async start(options: SuccessorOptions): Promise<Successor> {
    const successor = new Successor(options);
    await successor.#hand(options);
    return successor;
  }

  private constructor({ file, configPath, env }: SuccessorOptions) {
    this.#child = spawn(process.execPath, ["--disable-sigusr1", file, "run", "-c", configPath], {
      // Whoever wanted a sign of life from this process wants one from that.
      env: { ...env, WATCHDOG_PID: undefined, [PREDECESSOR_ENV]: String(process.pid) },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
      detached: true,
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it before anything has been given to it. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Sends a connection; `onGone`: it is there, or lost. */
  give(connection: HandedConnection, handle: ConnectionHandle, onGone: () => void): void {
    this.#send({ kind: "connection", connection }, handle, onGone);
  }

  /** Sends what this process and its workers have counted, and lets go of the successor. */
  leave(stats: readonly WorkerStats[]): Promise<void> {
    return new Promise((resolve) => {
      this.#send({ kind: "counts", stats }, undefined, () => {
        this.#child.disconnect();
        this.#child.unref();
        resolve();
      });
    });
  }

  async #hand({ sockets, tickets, ...begin }: SuccessorOptions): Promise<void> {
    const serving = Promise.withResolvers<void>();
    const fail = (why: string): void => serving.reject(new SwapError(why));
    this.#child.once("error", (error) => fail(error.message));
    this.#child.once("exit", (code, signal) => fail(`the new primary ended (${signal ?? code})`));
    this.#child.on("message", ({ kind }: FromSuccessor) => {
      if (kind === "serving") serving.resolve();
    });
    const timer = setTimeout(() => fail("the new primary does not serve in time"), START_WAIT_MS);
    for (const [bind, socket] of sockets) this.#send({ kind: "socket", bind }, socket);
    this.#send({ kind: "tickets", tickets });
    const { table, countsEpoch, documents } = begin;
    this.#send({ kind: "begin", table, countsEpoch, documents });
    try {
      await serving.promise;
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #send(message: ToSuccessor, handle?: unknown, sent: () => void = () => undefined): void {
    // The channel is gone: its exit has been reported, or its connections are lost with it.
    this.#child.send(message, handle as SendHandle | undefined, sent);
  }
}
