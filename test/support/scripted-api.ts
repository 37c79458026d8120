import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** One request that came. */
export type AskedOfApi = {
  /** `GET /v1/services` */
  readonly call: string;
  /** Parsed. Absent: there was none. */
  readonly body?: unknown;
  readonly ifMatch?: string;
  /** As it came, with its escapes decoded. */
  readonly reason?: string;
  readonly authorization?: string;
};

/** What the server answers to a call. */
export type ScriptedAnswer = { readonly status: number; readonly body: unknown };

/** A server that stands in for the control API and answers as a test tells it. */
export type ScriptedApi = {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Every request that came, in order. */
  readonly asked: readonly AskedOfApi[];
};

/** A 200. */
export function ok(body: unknown): ScriptedAnswer {
  return { status: 200, body };
}

/** An answer that refuses, as the API does. */
export function refused(status: number, code: string, detail: string): ScriptedAnswer {
  return { status, body: { type: "about:blank", status, code, detail } };
}

/** Starts one that ends with the test. `script`: answers by call; any other call gets a 404. */
export async function startScriptedApi(
  script: Readonly<Record<string, ScriptedAnswer>>,
): Promise<ScriptedApi> {
  const asked: AskedOfApi[] = [];
  const server = createServer((request, response) => {
    void readRequest(request).then((each) => {
      asked.push(each);
      const { status, body } = script[each.call] ?? refused(404, "unscripted", each.call);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function readRequest(request: IncomingMessage): Promise<AskedOfApi> {
  const { method = "", url = "", headers } = request;
  const { "content-type": type, "if-match": ifMatch, authorization } = headers;
  const body = type === undefined ? undefined : await json(request);
  const reason = headers["x-sluice-reason"];
  return {
    call: `${method} ${url}`,
    ...(type !== undefined && { body }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(reason !== undefined && { reason: decodeURIComponent(String(reason)) }),
    ...(authorization !== undefined && { authorization }),
  };
}
