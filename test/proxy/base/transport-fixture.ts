import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { ReadBuffers } from "../../../proxy/base/read-buffers.ts";
import { Transport } from "../../../proxy/base/transport.ts";
import type { TransportHandler } from "../../../proxy/base/transport.ts";

/** Writes down what a transport tells. */
export class Recorder implements TransportHandler {
  /** `connect`, `end`, `flushed`, `closed`, `broken CODE`. */
  readonly told: string[] = [];
  text = "";

  onConnect(): void {
    this.told.push("connect");
  }
  onData(bytes: Buffer, end: number): void {
    this.text += bytes.toString("latin1", 0, end);
  }
  onEnd(): void {
    this.told.push("end");
  }
  onFlushed(): void {
    this.told.push("flushed");
  }
  onClose(error: Error | undefined): void {
    this.told.push(error === undefined ? "closed" : `broken ${codeOf(error)}`);
  }
}

/** An error's code. */
export function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

/** A server that hands on what it accepts. Gives its port. */
export async function listen(
  onSocket: (socket: Socket) => void,
  pauseOnConnect = false,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A peer's socket, closed with the test. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** An accepted transport and its peer. */
export async function acceptedPair(
  handler: TransportHandler = new Recorder(),
  buffers = new ReadBuffers(),
): Promise<{ readonly transport: Transport; readonly peer: Socket }> {
  const accepted = Promise.withResolvers<Transport>();
  const port = await listen((socket) => {
    accepted.resolve(Transport.accept(socket, buffers, handler));
  }, true);
  const peer = await dial(port);
  const transport = await accepted.promise;
  onTestFinished(() => transport.destroy());
  return { transport, peer };
}

/** A transport that has connected, and its peer. */
export async function connectedPair(
  handler: TransportHandler,
  buffers = new ReadBuffers(),
): Promise<{ readonly transport: Transport; readonly peer: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const port = await listen(accepted.resolve);
  const transport = Transport.connect({ host: "127.0.0.1", port }, buffers, handler);
  onTestFinished(() => transport.destroy());
  const peer = await accepted.promise;
  peer.on("error", () => undefined);
  return { transport, peer };
}
