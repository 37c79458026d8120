import { once } from "node:events";
import { WebSocket } from "ws";
import { loadArgument } from "./child.ts";
import type { Effort, LoadResult, Target } from "./load.ts";

/** About as long as a chat message or a price. */
const MESSAGE = "A message that wants its echo...";

const { target, effort } = loadArgument() as { target: Target; effort: Effort };
let requests = 0;
let errors = 0;

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${target.host}:${target.port}${target.path}`, {
    headers: target.fields,
    perMessageDeflate: false,
  });
  await once(socket, "open");
  socket.on("error", () => (errors += 1));
  socket.on("close", () => (errors += 1));
  socket.on("message", () => {
    requests += 1;
    socket.send(MESSAGE);
  });
  return socket;
}

const sockets = await Promise.all(Array.from({ length: effort.connections }, open));
const startMs = performance.now();
for (const socket of sockets) socket.send(MESSAGE);
setTimeout(() => {
  const seconds = (performance.now() - startMs) / 1000;
  const result: LoadResult = { requests, perSecond: requests / seconds, errors };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}, effort.seconds * 1000);
