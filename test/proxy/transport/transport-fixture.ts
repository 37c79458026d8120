import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import {
  acceptTls,
  acceptTransport,
  connectTransport,
} from "../../../proxy/transport/open-transport.ts";
import { SocketTransport } from "../../../proxy/transport/socket-transport.ts";
import { TlsSocketTransport } from "../../../proxy/transport/tls-socket-transport.ts";
import type { TransportHandler, WireTransport } from "../../../proxy/transport/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { dialTls, tlsClientSide, tlsPeerOf, tlsServerSide } from "./tls-fixture.ts";

/** Writes down what a transport tells. */
export class Recorder implements TransportHandler {
  /** `connect`, `end`, `flushed`, `closed`, `broken CODE`. */
  readonly told: string[] = [];
  text = "";

  /** What was told of ends. */
  get ends(): readonly string[] {
    return this.told.filter((each) => each !== "flushed");
  }

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

/** One way to make transports, and their peers. */
export type Kind = {
  readonly name: string;
  readonly accept: typeof acceptTransport;
  readonly connect: typeof connectTransport;
  /** Connects a peer to a transport that will be accepted. */
  readonly dial: (port: number) => Promise<Socket>;
  /** What a peer that has accepted a connection speaks through. */
  readonly peerOf: (accepted: Socket) => Socket;
};

const PLAIN = { dial, peerOf: (accepted: Socket): Socket => accepted };

/** What this Node gives, and what another one would fall back to. */
export const KINDS: readonly Kind[] = [
  { name: "HandleTransport", accept: acceptTransport, connect: connectTransport, ...PLAIN },
  {
    name: "HandleTransport of a busy worker",
    accept: (accepted, buffers, handler) => acceptTransport(accepted, busy(buffers), handler),
    connect: (target, buffers, handler) => connectTransport(target, busy(buffers), handler),
    ...PLAIN,
  },
  {
    name: "SocketTransport",
    accept: (socket, _, handler) => new SocketTransport((socket as Socket).resume(), handler),
    connect: (target, _, handler) =>
      new SocketTransport(connect({ ...target, allowHalfOpen: true, noDelay: true }), handler),
    ...PLAIN,
  },
];

/** The same over TLS. */
export const TLS_KINDS: readonly Kind[] = [
  {
    name: "TlsTransport",
    accept: (accepted, buffers, handler) =>
      whenOpen(handler, (greeter) => acceptTls(accepted, tlsServerSide(), buffers, greeter)),
    connect: (target, buffers, handler) =>
      connectTransport(target, buffers, handler, tlsClientSide()),
    dial: dialTls,
    peerOf: tlsPeerOf,
  },
  {
    name: "TlsTransport of a busy worker",
    accept: (accepted, buffers, handler) =>
      whenOpen(handler, (greeter) => acceptTls(accepted, tlsServerSide(), busy(buffers), greeter)),
    connect: (target, buffers, handler) =>
      connectTransport(target, busy(buffers), handler, tlsClientSide()),
    dial: dialTls,
    peerOf: tlsPeerOf,
  },
  {
    name: "TlsSocketTransport",
    accept: (accepted, _, handler) =>
      whenOpen(handler, (greeter) =>
        TlsSocketTransport.accept(accepted as Socket, tlsServerSide(), greeter),
      ),
    connect: (target, _, handler) =>
      TlsSocketTransport.connect(
        connect({ ...target, allowHalfOpen: true, noDelay: true }),
        tlsClientSide(),
        handler,
      ),
    dial: dialTls,
    peerOf: tlsPeerOf,
  },
];

function busy(buffers: ReadBuffers): ReadBuffers {
  buffers.writes.waits = true;
  return buffers;
}

/** `handler` begins when the handshake is over: it hears nothing of that. */
function whenOpen(
  handler: TransportHandler,
  open: (greeter: TransportHandler) => WireTransport,
): WireTransport {
  const greeter = new Recorder();
  const transport = open(greeter);
  greeter.onConnect = () => {
    transport.handler = handler;
  };
  greeter.onClose = (error) => handler.onClose(error);
  return transport;
}

/** An accepted transport and its peer. */
export async function acceptedPair(
  kind: Kind,
  handler: TransportHandler = new Recorder(),
  buffers = new ReadBuffers(),
): Promise<{ readonly transport: WireTransport; readonly peer: Socket }> {
  const accepted = Promise.withResolvers<WireTransport>();
  const port = await listen((socket) => {
    accepted.resolve(kind.accept(socket, buffers, handler));
  }, true);
  const peer = await kind.dial(port);
  const transport = await accepted.promise;
  onTestFinished(() => transport.destroy());
  await eventually(() => expect(transport.whole).toBe(true));
  return { transport, peer };
}

/** A transport that has connected, and its peer. */
export async function connectedPair(
  kind: Kind,
  handler: TransportHandler,
  buffers = new ReadBuffers(),
): Promise<{ readonly transport: WireTransport; readonly peer: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const connected = Promise.withResolvers<void>();
  const port = await listen((socket) => accepted.resolve(kind.peerOf(socket)));
  const onConnect = handler.onConnect.bind(handler);
  handler.onConnect = () => {
    onConnect();
    connected.resolve();
  };
  const transport = kind.connect({ host: "127.0.0.1", port }, buffers, handler);
  onTestFinished(() => transport.destroy());
  const peer = await accepted.promise;
  peer.on("error", () => undefined);
  await connected.promise;
  return { transport, peer };
}
