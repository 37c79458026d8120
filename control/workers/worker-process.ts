import { fork } from "node:child_process";
import type { ChildProcess, SendHandle } from "node:child_process";
import { WorkerError } from "../base/errors.ts";
import type { ConnectionHandle } from "../../proxy/base/connection-handle.ts";
import type { HandedConnection } from "../../proxy/messages/handed-connection.ts";
import type {
  FromWorker,
  SpanReport,
  ToWorker,
  WorkerEvent,
} from "../../proxy/messages/messages.ts";
import { joinedStats } from "../../proxy/metrics/pool-stats.ts";
import type { PoolStats } from "../../proxy/metrics/pool-stats.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import { errorCode } from "../../proxy/base/error-text.ts";
import { workerFlags } from "./worker-flags.ts";

/** The error codes of sending to a process that has just ended. */
const CHANNEL_CLOSED = ["EPIPE", "ECONNRESET", "ERR_IPC_CHANNEL_CLOSED", "ERR_IPC_DISCONNECTED"];

/** What a worker can be asked; WorkerProcess gives it an `id`. */
export type Question = ToWorker extends infer Message
  ? Message extends { readonly id: number }
    ? Omit<Message, "id">
    : never
  : never;

type Waiting = {
  readonly resolve: (answer: FromWorker) => void;
  readonly reject: (error: Error) => void;
};

/** What a worker process is started with, and who hears of it. */
export type WorkerProcessOptions = {
  /** The worker's entry file. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Absent: nobody wants its spans. */
  readonly onSpans?: ((report: SpanReport) => void) | undefined;
  /** It gives a connection away: `handle` is for whoever takes it over. */
  readonly onConnection: (connection: HandedConnection, handle: ConnectionHandle) => void;
  /** It has ended, and nothing that it sent is still to come. */
  readonly onSilence: (worker: WorkerProcess) => void;
  /** It ended, asked or not. `by`: exit code or signal. */
  readonly onExit: (worker: WorkerProcess, by: string) => void;
};

/**
 * One worker process: questions go in numbered, each is answered once or fails with the process.
 */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  /** What has come of the answers to questions for counts, whose rest is still to come. */
  readonly #portions = new Map<number, PoolStats[]>();
  readonly #ended = Promise.withResolvers<string>();
  #lastId = 0;
  /** It has ended. */
  gone = false;
  /** Somebody wants it to end. */
  stopping = false;
  /** New code that gets no traffic yet. */
  onTrial = false;
  /** The protocol that it speaks: see PROTOCOL. undefined: it has not said so yet. */
  protocol: number | undefined;
  /** The last counts that it sent. */
  stats: WorkerStats | undefined;

  constructor(options: WorkerProcessOptions) {
    this.#child = fork(options.file, {
      env: options.env,
      execArgv: workerFlags(process.execArgv, options.env),
      serialization: "advanced",
    });
    this.#child.on("message", (message: FromWorker, handle: unknown) => {
      if (message.kind !== "connection") this.#receive(message, options);
      else if (handle !== undefined) {
        options.onConnection(message.connection, handle as ConnectionHandle);
      }
    });
    this.#child.on("error", (error) => {
      // A message cannot be sent: the exit says the rest. A process that never started has no exit.
      if (this.#child.pid === undefined) this.#exit(error.message, options);
      else this.#child.kill("SIGKILL");
    });
    this.#child.once("disconnect", () => options.onSilence(this));
    this.#child.once("exit", (code, signal) => this.#exit(String(signal ?? code), options));
  }

  /** Resolves when it has ended, with its exit code or signal. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Sends a message and waits for its answer.
   * @throws WorkerError when the worker says that it failed, or ends before it answers.
   */
  ask(question: Question, handle?: SendHandle): Promise<FromWorker> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.gone) {
        reject(new WorkerError(`worker ${this.pid} is gone`));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      // The channel closes a little before the process's end is known: its exit is the answer.
      if (!this.#child.connected) return;
      this.#child.send({ ...question, id }, handle, (error) => {
        if (error === null || isChannelClosed(error)) return;
        this.#settle(id)?.reject(new WorkerError(error.message));
      });
    });
  }

  /** Its counts now. @throws WorkerError as ask. */
  async askStats(): Promise<WorkerStats> {
    const answer = await this.ask({ kind: "stats", inPortions: true });
    if (answer.kind !== "stats") throw new WorkerError(`wanted stats, found ${answer.kind}`);
    this.stats = answer.stats;
    return answer.stats;
  }

  /** Ends it at once, and resolves when it has ended. */
  async end(): Promise<void> {
    this.kill();
    await this.#ended.promise;
  }

  /** Ends it at once. */
  kill(): void {
    this.stopping = true;
    this.crash();
  }

  /**
   * Ends it at once as if it had ended by itself: unless somebody wants it to end, it is replaced.
   */
  crash(): void {
    this.#child.kill("SIGKILL");
  }

  #exit(by: string, options: WorkerProcessOptions): void {
    this.gone = true;
    this.#fail(`worker ${this.pid} ended (${by})`);
    options.onExit(this, by);
    this.#ended.resolve(by);
  }

  #receive(message: FromWorker, { onEvent, onSpans }: WorkerProcessOptions): void {
    switch (message.kind) {
      case "event":
        return onEvent(message.event);
      case "spans":
        return onSpans?.(message);
      case "failed":
        this.#portions.delete(message.id);
        return this.#settle(message.id)?.reject(new WorkerError(message.message));
      case "statsPortion":
        this.#portions.set(message.id, [...(this.#portions.get(message.id) ?? []), message.stats]);
        return undefined;
      case "stats":
        return this.#settle(message.id)?.resolve(this.#whole(message));
      case "done":
      case "filters":
      case "observed":
      case "open":
      case "migrating":
        return this.#settle(message.id)?.resolve(message);
      case "started":
        this.protocol = message.protocol;
        return undefined;
      case "connection":
        return undefined;
    }
  }

  /** The counts with those that came before them. */
  #whole(message: FromWorker & { kind: "stats" }): FromWorker {
    const { id, stats } = message;
    const portions = this.#portions.get(id);
    if (portions === undefined) return message;
    this.#portions.delete(id);
    return { ...message, stats: { ...stats, ...joinedStats([...portions, stats]) } };
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(new WorkerError(why));
    this.#waiting.clear();
  }
}

/** Whether a message could not be sent because nobody is left to read it. */
function isChannelClosed(error: Error): boolean {
  return CHANNEL_CLOSED.includes(errorCode(error) ?? "");
}
