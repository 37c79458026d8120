import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import tls from "node:tls";
import { onTestFinished } from "vitest";
import { acceptTls } from "../../../proxy/transport/open-transport.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { acceptHandles } from "../../../proxy/transport/stream-handles.ts";
import type { TlsFacts, TlsServerSide } from "../../../proxy/transport/tls-facts.ts";
import type { Transport } from "../../../proxy/transport/transport.ts";
import { tlsServerSide } from "./tls-fixture.ts";
import { listen, Recorder } from "./transport-fixture.ts";

/** A listener, and what becomes of what it accepts. */
export type Served = {
  readonly port: number;
  readonly recorders: Recorder[];
  readonly transports: Transport[];
  readonly facts: TlsFacts[];
};

/** A listener as ours: what it accepts becomes a transport, and what that hears is written down. */
export async function serveTls(
  wish: Partial<TlsServerSide> = {},
  makeRecorder: () => Recorder = () => new Recorder(),
): Promise<Served> {
  const served = {
    recorders: [] as Recorder[],
    transports: [] as Transport[],
    facts: [] as TlsFacts[],
  };
  const buffers = new ReadBuffers();
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const transport of served.transports) transport.destroy();
    server.close();
  });
  const judge = wish.judge ?? ((): undefined => undefined);
  const side = tlsServerSide({
    ...wish,
    judge: (facts) => {
      served.facts.push(facts);
      return judge(facts);
    },
  });
  acceptHandles(server, (accepted) => {
    const recorder = makeRecorder();
    served.recorders.push(recorder);
    served.transports.push(acceptTls(accepted, side, buffers, recorder));
  });
  return { port: (server.address() as AddressInfo).port, ...served };
}

/** A client that verifies nothing. */
export function dialWith(port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    servername: "server.example",
    rejectUnauthorized: false,
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  return socket;
}

/** Why a client has failed. */
export async function errorOf(socket: tls.TLSSocket): Promise<string> {
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  return error.code ?? error.message;
}

/** Something between two that passes records on, and ends one way when told to. */
export async function cutter(
  port: number,
): Promise<{ readonly port: number; readonly cut: () => void }> {
  const towards: Socket[] = [];
  const own = await listen((socket) => {
    const to = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    onTestFinished(() => void to.destroy());
    for (const each of [socket, to]) each.on("error", () => undefined);
    socket.pipe(to, { end: false });
    to.pipe(socket);
    towards.push(to);
  });
  return { port: own, cut: () => towards[0]?.end() };
}

/** As cutter(), but what comes within some milliseconds from the client goes on in one piece. */
export async function holder(port: number): Promise<number> {
  return listen((socket) => {
    const to = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    onTestFinished(() => void to.destroy());
    for (const each of [socket, to]) each.on("error", () => undefined);
    let held: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => {
      held.push(bytes);
      if (held.length > 1) return;
      setTimeout(() => {
        to.write(Buffer.concat(held));
        held = [];
      }, 30);
    });
    to.pipe(socket);
  });
}
