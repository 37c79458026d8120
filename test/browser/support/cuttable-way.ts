import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A way to a port that can be cut, and mended. */
export class CuttableWay implements Disposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #isCut = false;

  static async to(port: number): Promise<CuttableWay> {
    const way = new CuttableWay(port);
    way.#server.listen(0, "127.0.0.1");
    await once(way.#server, "listening");
    return way;
  }

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const socket of [near, far]) {
        this.#open.add(socket);
        socket.on("error", () => undefined);
        socket.once("close", () => this.#open.delete(socket));
      }
      near.pipe(far).pipe(near);
      near.once("close", () => far.destroy());
      far.once("close", () => near.destroy());
      if (this.#isCut) near.destroy();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#server.close();
  }
}
