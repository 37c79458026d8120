import { once } from "node:events";
import { connect } from "node:net";
import { AnswerReader } from "./answer-reader.ts";
import { loadArgument } from "./child.ts";
import type { HeldConnections } from "./held-connections.ts";
import { requestBytes } from "./request-bytes.ts";

/** Connections opened at the same time: fewer than any backlog holds. */
const AT_ONCE = 100;

const held = loadArgument() as HeldConnections;
const request = requestBytes(held.target);

async function openIdle(): Promise<void> {
  const socket = connect({ host: held.target.host, port: held.target.port });
  const reader = new AnswerReader();
  await once(socket, "connect");
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("data", (bytes: Buffer) => {
    if (reader.take(bytes)) resolve();
  });
  socket.write(request);
  await promise;
  socket.removeAllListeners("data");
}

async function openUnread(): Promise<void> {
  const socket = connect({ host: held.target.host, port: held.target.port });
  await once(socket, "connect");
  socket.write(request);
  await once(socket, "readable");
  socket.read(1);
}

const open = held.kind === "idle" ? openIdle : openUnread;
for (let opened = 0; opened < held.count; opened += AT_ONCE) {
  const count = Math.min(AT_ONCE, held.count - opened);
  await Promise.all(Array.from({ length: count }, open));
}
process.stdout.write("held\n");
