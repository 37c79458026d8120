import { once } from "node:events";
import { WebSocket } from "ws";
import { eventually } from "./eventually.ts";

/** A WebSocket through a sidecar that sends messages and wants each of them back, in order. */
export class EchoTunnel {
  readonly #webSocket: WebSocket;
  #sent = 0;
  #isStopped = false;
  /** Messages that came back. */
  echoed = 0;
  /** Messages that came back changed or out of order. */
  wrong = 0;
  /** The other side has not closed it. */
  isOpen = true;

  /** Opens one and keeps a message on its way until it is closed. @throws when refused. */
  static async open(port: number, host: string): Promise<EchoTunnel> {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host } });
    await once(webSocket, "open");
    return new EchoTunnel(webSocket);
  }

  private constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.on("error", () => undefined);
    webSocket.on("close", () => (this.isOpen = false));
    webSocket.on("message", (data: Buffer) => {
      if (data.toString() !== `message ${this.#sent}`) this.wrong += 1;
      this.echoed += 1;
      this.#send();
    });
    this.#send();
  }

  /** Resolves when `count` more messages have come back. */
  async more(count: number): Promise<void> {
    const wanted = this.echoed + count;
    await eventually(() => {
      if (this.echoed < wanted) throw new Error(`Tunnel has ${this.echoed} of ${wanted} echoes`);
    });
  }

  close(): void {
    this.#isStopped = true;
    this.#webSocket.terminate();
  }

  #send(): void {
    if (this.#isStopped) return;
    this.#sent += 1;
    // On the next turn: tunnels carry bytes all the time, but leave room for others.
    setImmediate(() => this.#webSocket.send(`message ${this.#sent}`, () => undefined));
  }
}
