import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { FieldsAnswer } from "./answers.ts";
import { listenOnAll } from "./listen-on-all.ts";

/** Sends every message back. Answers plain requests with its version, as `/fields` does. */
const echo = new WebSocketServer({ noServer: true, perMessageDeflate: false });

function accept(socket: WebSocket): void {
  socket.on("message", (message, binary) => socket.send(message as Buffer, { binary }));
  // It is no concern of the origin's when a contender ends before its client does.
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
