import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { HEAD_BYTES_MAX, ROUTE_PREFIX, SIZED_ANSWERS, SMALL_BODY } from "./answers.ts";
import type { FieldsAnswer } from "./answers.ts";
import { listenOnAll } from "./listen-on-all.ts";

/**
 * The origin for machines without nginx. It takes much more of the load's processor, so few
 * contenders can be saturated with it: the report says which origin a run used.
 */
function answer(version: string, request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "/";
  request.resume();
  if (path === "/fields") return void response.end(JSON.stringify(fieldsOf(version, request)));
  if (path === "/small" || path.startsWith(ROUTE_PREFIX)) return sendBytes(response, SMALL_BODY);
  const bytes = SIZED_ANSWERS[path];
  if (bytes !== undefined) return sendBytes(response, Buffer.alloc(bytes));
  request.once("end", () => sendBytes(response, "taken"));
}

function sendBytes(response: ServerResponse, body: string | Buffer): void {
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(body);
}

function fieldsOf(version: string, request: IncomingMessage): FieldsAnswer {
  const forwardedFor = String(request.headers["x-forwarded-for"] ?? "");
  return { version, host: request.headers.host ?? "", forwardedFor };
}

await listenOnAll((version) => {
  const server = createServer({ maxHeaderSize: HEAD_BYTES_MAX }, (request, response) =>
    answer(version, request, response),
  );
  server.keepAliveTimeout = 3_600_000;
  return server;
});
