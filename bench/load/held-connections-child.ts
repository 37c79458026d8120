import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AnswerReader } from "./answer-reader.ts";
import { loadArgument } from "./child.ts";
import type { HeldConnections } from "./held-connections.ts";
import { Http2Asker } from "./http2-asker.ts";
import { requestBytes } from "./request-bytes.ts";

/** Connections opened at the same time: fewer than any backlog holds. */
const AT_ONCE = 100;

const held = loadArgument() as HeldConnections;
const request = requestBytes(held.target);

async function open(): Promise<Socket> {
  const { host, port, secure } = held.target;
  const socket = secure
    ? connectTls({ host, port, rejectUnauthorized: false })
    : connect({ host, port });
  await once(socket, secure ? "secureConnect" : "connect");
  return socket;
}

async function openIdle(): Promise<void> {
  const socket = await open();
  const reader = new AnswerReader();
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("data", (bytes: Buffer) => {
    if (reader.take(bytes)) resolve();
  });
  socket.write(request);
  await promise;
  socket.removeAllListeners("data");
}

/** Nothing ends these before the process does. */
async function openIdleHttp2(): Promise<void> {
  const { host: at, port, secure, fields, path } = held.target;
  const asker = await Http2Asker.connect({ at, port, secure, host: fields["Host"] ?? "" });
  await asker.ask(path);
}

async function openUnread(): Promise<void> {
  const socket = await open();
  socket.write(request);
  await once(socket, "readable");
  socket.read(1);
}

const openResting = held.target.http2 ? openIdleHttp2 : openIdle;
const hold = held.kind === "idle" ? openResting : openUnread;
for (let opened = 0; opened < held.count; opened += AT_ONCE) {
  const count = Math.min(AT_ONCE, held.count - opened);
  await Promise.all(Array.from({ length: count }, hold));
}
process.stdout.write("held\n");
