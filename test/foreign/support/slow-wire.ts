import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A wire to a server: all that passes, ends too, takes a while, one way as the other. */
export class SlowWire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `target`: `127.0.0.1:PORT` of the server. `delayMs`: how long each way takes. */
  static async start(target: string, delayMs: number): Promise<SlowWire> {
    const wire = new SlowWire(Number(target.split(":").at(-1)), delayMs);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  private constructor(port: number, delayMs: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
      this.#pass(near, far, delayMs);
      this.#pass(far, near, delayMs);
    });
  }

  /** Its near end, as an endpoint of a service. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Timers of one length fire in the order in which they were set, so nothing overtakes. */
  #pass(from: Socket, to: Socket, delayMs: number): void {
    this.#sockets.add(from);
    from.setNoDelay();
    from.on("data", (bytes) => setTimeout(() => void to.write(bytes), delayMs));
    from.on("end", () => setTimeout(() => to.end(), delayMs));
    from.on("error", () => setTimeout(() => to.destroy(), delayMs));
    from.on("close", () => this.#sockets.delete(from));
  }
}
