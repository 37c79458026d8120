import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import { readClientHello } from "./client-hello.ts";

/** A connection whose first bytes say which name its client asks for. */
export interface NamedConnection extends TransportHandler {
  readonly transport: WireTransport;
  /**
   * What was read so far; its owner has to pass it on. `serverName`: "" for a client that asks for
   * none, undefined for one that does not speak TLS.
   */
  onName(serverName: string | undefined, read: Buffer): void;
}

/**
 * Reads the name that a client asks for in the place of a connection whose TLS is not ended here.
 * Until it is whole, the connection's own timer runs.
 */
export class HelloPreface implements TransportHandler {
  readonly #connection: NamedConnection;
  #read: Buffer;

  /** `read`: what has been read already. */
  constructor(connection: NamedConnection, read: Buffer) {
    this.#connection = connection;
    this.#read = read;
  }

  /** From now on it is the handler of the connection's transport, until the name is known. */
  begin(): void {
    this.#connection.transport.handler = this;
    if (this.#read.length > 0) this.#look();
  }

  onConnect(): void {
    // It is established from the beginning.
  }

  onData(bytes: Buffer, end: number): void {
    this.#read = Buffer.concat([this.#read, bytes.subarray(0, end)]);
    this.#look();
  }

  onEnd(): void {
    this.#connection.transport.destroy();
  }

  onFlushed(): void {
    // Nothing has been written.
  }

  onClose(error: Error | undefined): void {
    this.#connection.onClose(error);
  }

  #look(): void {
    const hello = readClientHello(this.#read);
    if (hello.kind === "more") return;
    this.#connection.transport.handler = this.#connection;
    this.#connection.onName(hello.kind === "read" ? hello.serverName : undefined, this.#read);
  }
}
