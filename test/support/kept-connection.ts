import { connect } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";

/** An answer, as far as tests of traffic care. */
export type KeptResponse = {
  readonly status: number;
  /** The whole head, as latin1 text. */
  readonly head: string;
  readonly body: string;
};

/** How long a request may wait for its whole answer before it fails. */
const ANSWER_WAIT_MS = 20_000;

/**
 * One kept-alive connection that never reopens by itself, so it is noticed when somebody closes it.
 * Takes one request at a time, and only answers with a Content-Length, to be cheap under load.
 */
export class KeptConnection {
  readonly #socket: Socket;
  #received = "";
  #waiting: PromiseWithResolvers<KeptResponse> | undefined;
  /** The other side has not closed it, nor said that it will. */
  isOpen = true;

  /** `tls`: speaks TLS, and this way. @throws when the connection is refused. */
  static async open(
    port: number,
    host = "127.0.0.1",
    tls?: ConnectionOptions,
  ): Promise<KeptConnection> {
    if (tls === undefined) {
      const socket = connect({ port, host, noDelay: true });
      await once(socket, "connect");
      return new KeptConnection(socket);
    }
    const socket = connectTls({ port, host, rejectUnauthorized: false, ...tls });
    await once(socket, "secureConnect");
    return new KeptConnection(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#look();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isOpen = false;
      this.#waiting?.reject(new Error("Connection was closed before the answer was whole"));
    });
    // A FIN ends it for us too, even in the middle of an answer.
    socket.on("end", () => (this.isOpen = false));
  }

  /**
   * Sends a GET and gives its answer. `fields`: further header lines, each with its CRLF.
   * @throws when the connection ends first, or no whole answer comes in time.
   */
  async get(host: string, path = "/", fields = ""): Promise<KeptResponse> {
    const waiting = Promise.withResolvers<KeptResponse>();
    this.#waiting = waiting;
    const timer = setTimeout(() => waiting.reject(new Error("No answer in time")), ANSWER_WAIT_MS);
    if (!this.isOpen) waiting.reject(new Error("Connection is closed"));
    else this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`);
    return waiting.promise.finally(() => {
      clearTimeout(timer);
      this.#waiting = undefined;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #look(): void {
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    // It has said that it closes it.
    if (/\r\nconnection: *close/i.test(head)) this.isOpen = false;
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }
}
