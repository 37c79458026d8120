import { createServer } from "node:http";
import type { Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** Every third message of an origin goes out in fragments, this long apart. */
const FRAGMENT_PAUSE_MS = 15;

/** On some tunnels every message is so long that no read holds the whole of it. */
const LONG_BYTES = 200_000;

/** What an origin knows about one of its tunnels. */
type OriginTunnel = {
  readonly webSocket: WebSocket;
  sent: number;
  received: number;
  /** Messages from the client that were not the next one. */
  wrong: number;
  /** Whether a message is half sent. */
  isBusy: boolean;
  /** The code in the client's Close, or ws's own code for an end without one. */
  closedWith: number | undefined;
};

/** An origin whose WebSockets carry numbered messages, some whole and some in fragments. */
export class NumberedOrigin implements Disposable {
  readonly #server: Server = createServer((_request, response) => response.end("ok"));
  readonly #webSockets = new WebSocketServer({ noServer: true });
  /** By the number that the client has in its path. */
  readonly tunnels = new Map<string, OriginTunnel>();
  /** Refuses WebSockets while it is true. */
  refuses = false;

  static async start(): Promise<NumberedOrigin> {
    const origin = new NumberedOrigin();
    origin.#server.listen(0, "127.0.0.1", 4096);
    await once(origin.#server, "listening");
    return origin;
  }

  private constructor() {
    this.#server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => undefined);
      if (this.refuses) {
        socket.end("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        this.#open(request.url ?? "", webSocket),
      );
    });
  }

  /** As an endpoint of a service. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sends the next message to a client, unless one is half sent; `long`: over several reads. */
  send(client: NumberedClient, long = false): void {
    const tunnel = this.tunnels.get(client.id);
    if (tunnel !== undefined) this.#send(tunnel, long);
  }

  [Symbol.dispose](): void {
    for (const { webSocket } of this.tunnels.values()) webSocket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #open(id: string, webSocket: WebSocket): void {
    const tunnel: OriginTunnel = {
      webSocket,
      sent: 0,
      received: 0,
      wrong: 0,
      isBusy: false,
      closedWith: undefined,
    };
    this.tunnels.set(id, tunnel);
    webSocket.on("error", () => undefined);
    webSocket.on("close", (code) => (tunnel.closedWith = code));
    webSocket.on("message", (data: Buffer) => {
      tunnel.received += 1;
      if (data.toString() !== `up ${tunnel.received}`) tunnel.wrong += 1;
    });
  }

  #send(tunnel: OriginTunnel, long: boolean): void {
    const { webSocket } = tunnel;
    if (tunnel.isBusy || webSocket.readyState !== WebSocket.OPEN) return;
    tunnel.sent += 1;
    const text = `down ${tunnel.sent}`.padEnd(long ? LONG_BYTES : 0);
    if (tunnel.sent % 3 !== 0) {
      webSocket.send(text, ignore);
      return;
    }
    tunnel.isBusy = true;
    webSocket.send(text.slice(0, 3), { fin: false }, ignore);
    setTimeout(() => {
      tunnel.isBusy = false;
      if (webSocket.readyState === WebSocket.OPEN) webSocket.send(text.slice(3), ignore);
    }, FRAGMENT_PAUSE_MS);
  }
}

/** A WebSocket client that numbers what it sends and checks what it gets. */
export class NumberedClient {
  readonly id: string;
  readonly #webSocket: WebSocket;
  /** The start of a frame's header that a read has cut in two. */
  #header = Buffer.alloc(0);
  #payloadLeft = 0;
  #isInMessage = false;
  #isClosed = false;
  /** Messages that were handed to the connection while it was open. */
  sent = 0;
  received = 0;
  /** Messages that were not the next one. */
  wrong = 0;
  /** ws's code for the end: the Close frame's, or 1006 for an end without one. */
  closedWith: number | undefined;
  error: Error | undefined;
  /** Whether a message was still incomplete when the Close, or the end without one, came. */
  get isCut(): boolean {
    return this.#isInMessage;
  }
  /** Called when a Close has come. */
  onClose: () => void = ignore;

  /** Opens one through a sidecar. @throws when it is refused. */
  static async open(port: number, id: string): Promise<NumberedClient> {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/${id}`, { headers: { host: "web" } });
    const client = new NumberedClient(id, webSocket);
    webSocket.on("upgrade", ({ socket }) =>
      socket.on("data", (bytes: Buffer) => client.#follow(bytes)),
    );
    await once(webSocket, "open");
    return client;
  }

  private constructor(id: string, webSocket: WebSocket) {
    this.id = `/${id}`;
    this.#webSocket = webSocket;
    webSocket.on("error", (error) => (this.error = error));
    webSocket.on("close", (code) => {
      this.closedWith = code;
    });
    webSocket.on("message", (data: Buffer) => {
      this.received += 1;
      if (data.toString().trimEnd() !== `down ${this.received}`) this.wrong += 1;
    });
  }

  /** Sends the next message, if it is still open. */
  send(): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    this.sent += 1;
    this.#webSocket.send(`up ${this.sent}`, ignore);
  }

  close(): void {
    this.#webSocket.terminate();
  }

  #close(): void {
    this.#isClosed = true;
    this.onClose();
  }

  /** Follows the frames alongside ws, which does not mention a message that never ends. */
  #follow(bytes: Buffer): void {
    let rest = Buffer.concat([this.#header, bytes]);
    while (!this.#isClosed && rest.length > 0) {
      if (this.#payloadLeft === 0) {
        const header = headerOf(rest);
        if (header === undefined) break;
        if (header.opcode === 8) this.#close();
        if (header.opcode < 8) this.#isInMessage = !header.isLast;
        this.#payloadLeft = header.payloadBytes;
        rest = rest.subarray(header.bytes);
      }
      const taken = Math.min(this.#payloadLeft, rest.length);
      this.#payloadLeft -= taken;
      rest = rest.subarray(taken);
    }
    this.#header = rest;
  }
}

/** The header of a server's frame. undefined: it is incomplete. */
function headerOf(
  bytes: Buffer,
): { opcode: number; isLast: boolean; bytes: number; payloadBytes: number } | undefined {
  const [first = 0, short = 0] = bytes;
  const header = { opcode: first & 0x0f, isLast: first >= 0x80 };
  if (bytes.length < 2) return undefined;
  if (short < 126) return { ...header, bytes: 2, payloadBytes: short };
  if (short === 126 && bytes.length >= 4) {
    return { ...header, bytes: 4, payloadBytes: bytes.readUInt16BE(2) };
  }
  if (short === 127 && bytes.length >= 10) {
    return { ...header, bytes: 10, payloadBytes: Number(bytes.readBigUInt64BE(2)) };
  }
  return undefined;
}

/** Does `work` for 0 … count - 1, `atOnce` at a time. */
export async function inTurns<Result>(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < count; start += atOnce) {
    const length = Math.min(atOnce, count - start);
    const batch = Array.from({ length }, (_each, at) => work(start + at));
    results.push(...(await Promise.all(batch)));
  }
  return results;
}

function ignore(): void {}
