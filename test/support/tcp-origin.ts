import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What one connection to an origin has brought. */
export type TcpVisit = { readonly socket: Socket; text: string; hasEnded: boolean };

/**
 * An origin that speaks first: its name and a line's end. Then it sends back what it gets; when its
 * client has ended, it says `bye` and ends too.
 */
export class TcpOrigin {
  readonly name: string;
  readonly visits: TcpVisit[] = [];
  readonly #server: Server;

  /** Listens until the test has finished. */
  static async start(name: string): Promise<TcpOrigin> {
    const origin = new TcpOrigin(name);
    origin.#server.listen(0, "127.0.0.1", 4096);
    await once(origin.#server, "listening");
    onTestFinished(() => origin.close());
    return origin;
  }

  private constructor(name: string) {
    this.name = name;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#visit(socket),
    );
  }

  /** As an endpoint of a service. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Those that are still open. */
  get open(): number {
    return this.visits.filter(({ socket }) => !socket.destroyed).length;
  }

  /** Takes nothing more, and breaks what is open. */
  close(): void {
    this.#server.close();
    for (const { socket } of this.visits) socket.destroy();
  }

  #visit(socket: Socket): void {
    const visit: TcpVisit = { socket, text: "", hasEnded: false };
    this.visits.push(visit);
    socket.write(`${this.name}\n`);
    socket.on("data", (bytes: Buffer) => {
      visit.text += bytes.toString("latin1");
      socket.write(bytes);
    });
    socket.on("end", () => {
      visit.hasEnded = true;
      socket.end("bye");
    });
    socket.on("error", () => undefined);
  }
}

/** Where nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}
