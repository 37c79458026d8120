import { once } from "node:events";
import { WebSocket } from "ws";

/** Lengths of messages, in turn: within one read, longer than a text write, over several reads. */
const MESSAGE_BYTES = [20, 700, 20, 20_000, 20, 3_000, 20, 150_000];

/** What became of the messages of one WebSocket. */
export type MessageCounts = {
  readonly sent: number;
  /** Those that came back as they were sent, in the place where they belong. */
  readonly echoed: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Those that came back changed. */
  readonly damaged: number;
};

/** Where a WebSocket goes: a port of 127.0.0.1. `secure`: over TLS, by which nobody is verified. */
type WebSocketTarget = {
  readonly port: number;
  readonly host: string;
  readonly secure: boolean;
};

/**
 * A WebSocket to an origin that sends everything back. Its messages are numbered and of all sizes,
 * so it notices what is lost, doubled, out of order or damaged on the way there or back.
 */
export class NumberedWebSocket {
  readonly #webSocket: WebSocket;
  readonly #seen = new Set<number>();
  readonly #longMessages: boolean;
  #sent = 0;
  #next = 0;
  #doubled = 0;
  #outOfOrder = 0;
  #damaged = 0;
  /** How the other side closed it. undefined: it has not. */
  closed: string | undefined;

  /** @throws when refused. */
  static async open(
    { port, host, secure }: WebSocketTarget,
    longMessages: boolean,
  ): Promise<NumberedWebSocket> {
    const options = { headers: { host }, perMessageDeflate: false, rejectUnauthorized: false };
    const url = `${secure ? "wss" : "ws"}://127.0.0.1:${port}/`;
    const webSocket = new WebSocket(url, options);
    await once(webSocket, "open");
    return new NumberedWebSocket(webSocket, longMessages);
  }

  private constructor(webSocket: WebSocket, longMessages: boolean) {
    this.#webSocket = webSocket;
    this.#longMessages = longMessages;
    webSocket.on("error", () => undefined);
    webSocket.on("close", (code) => (this.closed = `closed with ${code}`));
    webSocket.on("message", (data: Buffer) => this.#take(data.toString()));
  }

  /** Sends the next message. */
  send(): void {
    if (this.closed !== undefined) return;
    this.#webSocket.send(this.#message(this.#sent), () => undefined);
    this.#sent += 1;
  }

  /** Whether all that was sent has come back. */
  get settled(): boolean {
    return this.#seen.size === this.#sent;
  }

  counts(): MessageCounts {
    const [doubled, outOfOrder, damaged] = [this.#doubled, this.#outOfOrder, this.#damaged];
    const lost = this.#sent - this.#seen.size;
    const echoed = this.#seen.size - outOfOrder - damaged;
    return { sent: this.#sent, echoed, lost, doubled, outOfOrder, damaged };
  }

  leave(): void {
    this.#webSocket.removeAllListeners("close");
    this.#webSocket.terminate();
  }

  #take(text: string): void {
    const number = Number.parseInt(text, 10);
    if (this.#seen.has(number)) {
      this.#doubled += 1;
      return;
    }
    this.#seen.add(number);
    if (text !== this.#message(number)) this.#damaged += 1;
    else if (number !== this.#next) this.#outOfOrder += 1;
    this.#next = number + 1;
  }

  #message(number: number): string {
    const lengths = this.#longMessages ? MESSAGE_BYTES : MESSAGE_BYTES.slice(0, 1);
    return `${number} `.padEnd(lengths[number % lengths.length] ?? 0, String(number % 7));
  }
}
