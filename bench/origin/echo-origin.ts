import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { FieldsAnswer } from "./answers.ts";
import { listenOnAll } from "./listen-on-all.ts";

/** Sends every message back; plain requests are answered with the version, as `/fields` is. */
const echo = new WebSocketServer({ noServer: true, perMessageDeflate: false });

function accept(socket: WebSocket): void {
  socket.on("message", (message, binary) => socket.send(message as Buffer, { binary }));
  // A contender that ends before its client does is no matter of the origin.
  socket.on("error", () => socket.terminate());
}

await listenOnAll((version) => {
  const server = createServer((request, response) => {
    const forwardedFor = String(request.headers["x-forwarded-for"] ?? "");
    const host = request.headers.host ?? "";
    response.end(JSON.stringify({ version, host, forwardedFor } satisfies FieldsAnswer));
  });
  return server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    echo.handleUpgrade(request, socket, head, accept),
  );
});
