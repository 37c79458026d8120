import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { chooseVersion, jobOfArguments, listenAndTell } from "./node-job.ts";

/** Hop-by-hop fields, which a proxy must not pass on (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

const job = jobOfArguments();
const pools = {
  v1: new Pool(`http://${job.endpoints.v1[0]}`, { connections: 1024 }),
  v2: new Pool(`http://${job.endpoints.v2[0]}`, { connections: 1024 }),
};

function forwardedFields(request: IncomingMessage): string[] {
  const fields: string[] = [];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (!HOP_BY_HOP.has(name.toLowerCase())) fields.push(name, rawHeaders[index + 1] as string);
  }
  fields.push("x-forwarded-for", request.socket.remoteAddress ?? "unknown");
  fields.push("x-forwarded-proto", "http", "x-forwarded-host", request.headers.host ?? "");
  return fields;
}

/** Passes an answer on as it comes, with back-pressure. */
function answerTo(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      response.once("close", () => {
        if (!response.writableFinished) controller.abort(new Error("The client went away"));
      });
    },
    onResponseStart(_controller, status, fields) {
      for (const [name, value] of Object.entries(fields)) {
        if (value !== undefined && !HOP_BY_HOP.has(name)) response.setHeader(name, value);
      }
      response.writeHead(status);
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once("drain", () => controller.resume());
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError() {
      if (!response.headersSent) response.writeHead(502);
      response.end();
    },
  };
}

function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== "0");
}

const server = createServer((request, response) => {
  const body = hasBody(request) ? request : null;
  const options = {
    path: request.url ?? "/",
    method: request.method as Dispatcher.HttpMethod,
    headers: forwardedFields(request),
    body,
  };
  pools[chooseVersion(job, request.headers.cookie)].dispatch(options, answerTo(response));
});
listenAndTell(server);
