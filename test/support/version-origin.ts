import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";

/** What an origin does with a request instead of answering with its name. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/**
 * One version of a service under load: it answers each request with its name, sends back what comes
 * in over WebSockets, and keeps nothing of either but counts.
 */
export class VersionOrigin implements Disposable {
  readonly name: string;
  /** How many connections were ever opened to it. */
  connections = 0;
  requests = 0;
  answer: Answer = (response) => response.end(this.name);
  readonly #server: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true });
  readonly #upgraded = new Set<Duplex>();

  static async start(name: string): Promise<VersionOrigin> {
    const origin = new VersionOrigin(name);
    origin.#server.listen(0, "127.0.0.1");
    await once(origin.#server, "listening");
    return origin;
  }

  private constructor(name: string) {
    this.name = name;
    // Kept-alive connections end only when the sidecar ends them, or the origin itself.
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.requests += 1;
      request.resume();
      this.answer(response, request);
    });
    this.#server.on("connection", () => (this.connections += 1));
    this.#server.on("upgrade", (request, socket, head) => this.#echo(request, socket, head));
  }

  /** As an endpoint of a service. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#upgraded) socket.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #echo(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => undefined);
      webSocket.on("message", (data, binary) => webSocket.send(data, { binary }));
    });
  }
}
