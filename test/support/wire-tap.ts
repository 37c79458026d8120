import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** Stands between a client and a server, passes all bytes on, and keeps them. */
export class WireTap implements AsyncDisposable {
  /** All bytes, of all connections and both directions, as latin1. */
  text = "";
  /** The first bytes that each connection's client has sent. */
  readonly openings: Buffer[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `port`: of 127.0.0.1, where the bytes go. */
  static async start(port: number): Promise<WireTap> {
    const tap = new WireTap(port);
    tap.#server.listen(0, "127.0.0.1");
    await once(tap.#server, "listening");
    return tap;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, port));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server.close(), "close");
  }

  #join(client: Socket, port: number): void {
    const server = connect({ port, host: "127.0.0.1" });
    client.once("data", (chunk: Buffer) => this.openings.push(chunk));
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }
}
