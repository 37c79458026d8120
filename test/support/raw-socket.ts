import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ReceivedBytes } from "./received-bytes.ts";
import type { RawResponse } from "./received-bytes.ts";

/** How long a test waits for bytes or for the end of a connection before it fails. */
const WAIT_MS = 8_000;

/** Where a raw client goes: a port of 127.0.0.1 or of `host`, or a Unix socket. */
export type RawTarget =
  | { readonly port: number; readonly host?: string }
  | { readonly path: string };

/** How the peer ended a connection: FIN or RST. `open`: it has not. */
export type Fate = "fin" | "reset" | "open";

/** A client that sends exactly the bytes it is given, and says what came back and how it ended. */
export class RawSocket {
  readonly socket: Socket;
  readonly #received = new ReceivedBytes();
  #fate: Fate = "open";
  #wake = Promise.withResolvers<void>();

  /** Opens a connection. @throws when it is refused. */
  static async open(target: RawTarget): Promise<RawSocket> {
    const address = "path" in target ? target : { host: "127.0.0.1", ...target };
    const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
    const opened = Promise.withResolvers<void>();
    socket.once("connect", opened.resolve).once("error", opened.reject);
    await opened.promise;
    return new RawSocket(socket);
  }

  /** As open(), over TLS that verifies nobody. @throws when there is no handshake. */
  static async openTls(target: RawTarget, options: ConnectionOptions = {}): Promise<RawSocket> {
    const address = "path" in target ? target : { host: "127.0.0.1", ...target };
    return RawSocket.secured({ ...address, ...options });
  }

  /** The same with whatever node:tls takes as the way there. */
  static async secured(options: ConnectionOptions): Promise<RawSocket> {
    const socket = connectTls({ rejectUnauthorized: false, ...options });
    const opened = Promise.withResolvers<void>();
    socket.once("secureConnect", opened.resolve).once("error", opened.reject);
    await opened.promise;
    return new RawSocket(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received.add(bytes);
      this.#tell();
    });
    socket.on("end", () => this.#end("fin"));
    socket.on("error", () => this.#end("reset"));
    socket.on("close", () => this.#end("fin"));
  }

  /** How the peer ended it, so far. */
  get fate(): Fate {
    return this.#fate;
  }

  /** Everything received that no response() has taken yet, as latin1 text. */
  get text(): string {
    return this.#received.text;
  }

  /** Sends bytes, a text as latin1. */
  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }

  /** Sends each piece in a segment of its own, as far as the kernel lets us. */
  async sendPieces(pieces: Iterable<string>): Promise<void> {
    for (const piece of pieces) {
      this.send(piece);
      await nextTurn();
    }
  }

  /** Sends a FIN and goes on reading. */
  finish(): this {
    this.socket.end();
    return this;
  }

  /** Sends an RST. */
  reset(): void {
    if ("path" in this.socket.address()) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Closes the connection. Needed at the end of a test that leaves it open. */
  close(): void {
    this.socket.destroy();
  }

  /** Takes nothing more from the kernel until resume(). */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** The next whole message; a 1xx is one. @throws when the connection ends first. */
  async response(requestMethod = "GET"): Promise<RawResponse> {
    return this.#wait("a response", () => {
      return this.#received.take(requestMethod, this.#fate === "fin");
    });
  }

  /** The next final response; interim ones before it are left out. */
  async finalResponse(requestMethod = "GET"): Promise<RawResponse> {
    for (;;) {
      const response = await this.response(requestMethod);
      if (response.status >= 200 || response.status === 101) return response;
    }
  }

  /** Resolves when what was received contains `wanted`. */
  async until(wanted: string): Promise<void> {
    await this.#wait(JSON.stringify(wanted), () => this.text.includes(wanted) || undefined);
  }

  /** Resolves with how the peer ended the connection, once it has. */
  async ended(): Promise<Fate> {
    return this.#wait("the end", () => (this.#fate === "open" ? undefined : this.#fate), true);
  }

  /** Like ended(), but once nothing more can come, so it tells of a reset that follows a FIN. */
  async closed(): Promise<Fate> {
    return this.#wait("the close", () => (this.socket.closed ? this.#fate : undefined), true);
  }

  async #wait<Result>(
    what: string,
    look: () => Result | undefined,
    isEnd = false,
  ): Promise<Result> {
    const tooLate = AbortSignal.timeout(WAIT_MS);
    const late = Promise.withResolvers<void>();
    tooLate.addEventListener("abort", () => late.resolve());
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (tooLate.aborted || (!isEnd && this.#fate !== "open")) {
        const received = JSON.stringify(this.text.slice(0, 500));
        throw new Error(`Cannot await ${what}: connection ${this.#fate}, received ${received}`);
      }
      await Promise.race([this.#wake.promise, late.promise]);
    }
  }

  #end(fate: Fate): void {
    if (this.#fate !== "reset" && (fate === "reset" || this.#fate === "open")) this.#fate = fate;
    this.#tell();
  }

  #tell(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}

/** Sends `bytes` on its own connection; reads one final response and the end after it. */
export async function exchangeRaw(
  target: RawTarget,
  bytes: string | Buffer,
  requestMethod = "GET",
): Promise<{ readonly response: RawResponse; readonly fate: Fate; readonly rest: string }> {
  const client = await RawSocket.open(target);
  try {
    const response = await client.send(bytes).finalResponse(requestMethod);
    const fate = await client.finish().ended();
    return { response, fate, rest: client.text };
  } finally {
    client.close();
  }
}
