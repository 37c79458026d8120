import type { ConnectionOptions } from "node:tls";
import { eventually } from "./eventually.ts";
import { KeptConnection } from "./kept-connection.ts";

/** An answer under load. */
export type Answered = {
  readonly status: number;
  readonly body: string;
  /** `Load.mark` when the request was sent, and when its answer had come. */
  readonly sentMark: number;
  readonly answeredMark: number;
};

/** Where a load goes, and how heavy it is. */
export type LoadTarget = {
  readonly port: number;
  readonly host: string;
  readonly connections: number;
  /** They speak TLS, and this way. Absent: they do not. */
  readonly tls?: ConnectionOptions | undefined;
};

/**
 * Connections that each send one request after the other, as fast as answers come, until told to
 * stop. One that the other side closes is counted, and reopened.
 */
export class Load implements AsyncDisposable {
  /** Set by the test; tells requests sent before a moment from those sent after it. */
  mark = 0;
  answered = 0;
  /** Requests that were sent and got no whole answer. */
  lost = 0;
  /** Connections that the other side closed. */
  closed = 0;
  /** Connections that were refused; from then on there is one fewer for each. */
  refused = 0;
  readonly #target: LoadTarget;
  readonly #onAnswer: (answered: Answered) => void;
  readonly #loops: readonly Promise<void>[];
  #isStopped = false;

  /** Begins at once. `onAnswer` gets every answer. */
  constructor(target: LoadTarget, onAnswer: (answered: Answered) => void = () => undefined) {
    this.#target = target;
    this.#onAnswer = onAnswer;
    this.#loops = Array.from({ length: target.connections }, () => this.#loop());
  }

  /** Resolves when `count` more requests have been answered. */
  async more(count: number): Promise<void> {
    const wanted = this.answered + count;
    await eventually(() => {
      if (this.answered < wanted) throw new Error(`Load has ${this.answered} of ${wanted} answers`);
    }, 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Lets every request under way get its answer, then closes the connections. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    const { port, host, tls } = this.#target;
    while (!this.#isStopped) {
      const connection = await KeptConnection.open(port, undefined, tls).catch(() => undefined);
      if (connection === undefined) {
        this.refused += 1;
        return;
      }
      while (!this.#isStopped && connection.isOpen) await this.#request(connection, host);
      if (!connection.isOpen) this.closed += 1;
      connection.close();
    }
  }

  async #request(connection: KeptConnection, host: string): Promise<void> {
    const sentMark = this.mark;
    const response = await connection.get(host).catch(() => undefined);
    if (response === undefined) {
      this.lost += 1;
      return;
    }
    const { status, body } = response;
    this.#onAnswer({ status, body, sentMark, answeredMark: this.mark });
    this.answered += 1;
  }
}
