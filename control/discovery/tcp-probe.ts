import { connect } from "node:net";
import type { Socket } from "node:net";
import type { TcpQuestion } from "../config/service.ts";
import { connectByTls, placeOf } from "./probe-tls.ts";
import type { Prober, ProbeResult, ProbeTarget } from "./probe-target.ts";

/** Most bytes of an answer that what is expected is looked for in. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * What an endpoint gets first that wants the PROXY protocol: that this is about nobody else
 * (haproxy.org/download/1.8/doc/proxy-protocol.txt, sections 2.1 and 2.2).
 */
const PREFACES = {
  v1: "PROXY UNKNOWN\r\n",
  v2: "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
} as const;

type Target = ProbeTarget<TcpQuestion>;

/** Connects; then says what is to be said, and looks for what is expected in what comes back. */
export function tcpProber(target: Target): Prober {
  let socket: Socket | undefined;
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    socket?.destroy();
  };
  const ask = async (): Promise<ProbeResult> => {
    socket = await openSocket(target);
    if (isClosed) close();
    return talk(socket, target.question);
  };
  return { ask, close };
}

async function openSocket({ address, tls, timeoutMs, question }: Target): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ ...placeOf(address), noDelay: true });
  socket.on("error", reject);
  // Nobody waits any more: it must not stay.
  socket.setTimeout(timeoutMs, () => socket.destroy());
  // Node keeps it until the connection stands.
  if (question.proxyProtocol !== undefined) {
    socket.write(PREFACES[question.proxyProtocol], "latin1");
  }
  socket.once("connect", () => {
    socket.setTimeout(0);
    if (tls === undefined) return resolve(socket);
    return connectByTls(socket, tls, { protocol: undefined, timeoutMs }, (error, secure) => {
      if (error === null) resolve(secure);
      else reject(error);
    });
  });
  return promise;
}

async function talk(socket: Socket, { send, expect }: TcpQuestion): Promise<ProbeResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProbeResult>();
  socket.once("error", reject);
  if (send !== undefined) socket.write(send, "latin1");
  if (expect === undefined) return { succeeded: true, reason: "connected" };
  const wanted = Buffer.from(expect, "latin1");
  let answer = Buffer.alloc(0);
  const failed = (): void => {
    const reason = answer.length === 0 ? "ended without an answer" : "answered something else";
    resolve({ succeeded: false, reason });
  };
  socket.on("data", (bytes: Buffer) => {
    answer = Buffer.concat([answer, bytes]);
    if (answer.includes(wanted)) resolve({ succeeded: true, reason: "answered as expected" });
    else if (answer.length > ANSWER_BYTES_MAX) failed();
  });
  socket.once("end", failed);
  return promise;
}
