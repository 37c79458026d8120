import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { SIZED_ANSWERS, SMALL_BODY } from "./answers.ts";
import { listenOnAll } from "./listen-on-all.ts";

/** One endpoint of the soak. Its answers can be checked byte for byte. */
const tunnels = new WebSocketServer({ noServer: true, perMessageDeflate: false });

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "/";
  if (request.method === "POST") return digest(request, response);
  const bytes = SIZED_ANSWERS[path];
  const body = bytes === undefined ? Buffer.from(SMALL_BODY) : Buffer.alloc(bytes);
  response.setHeader("content-length", body.length);
  response.end(body);
}

/** Answers an upload with the hash of what came in. */
function digest(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash("sha256");
  request.on("data", (bytes: Buffer) => hash.update(bytes));
  request.on("end", () => response.end(hash.digest("hex")));
  // Some of the soak's clients give up halfway. Counting that is up to them.
  request.on("error", () => response.destroy());
}

function echo(socket: WebSocket): void {
  socket.on("message", (message, binary) => socket.send(message as Buffer, { binary }));
  socket.on("error", () => socket.terminate());
}

await listenOnAll(() => {
  const server = createServer(answer);
  server.keepAliveTimeout = 60_000;
  return server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    tunnels.handleUpgrade(request, socket, head, echo),
  );
});
