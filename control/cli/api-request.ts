import type { IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import { http, nodeHttps } from "../base/node-http.ts";
import type { ClientTls } from "./api-access.ts";
import type { ApiAddress } from "./api-address.ts";
import { ANSWER_TIMEOUT_MS, failureOf } from "./api-failure.ts";

/** How to connect. `lookup` resolves names; undefined: as usual. */
export type Connecting = {
  readonly address: ApiAddress;
  readonly tls?: ClientTls | undefined;
  readonly lookup?: LookupFunction | undefined;
};

/** One request. `body`: JSON. `endsBy`: until when it goes on; undefined: as long as usual. */
export type ApiRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly endsBy?: AbortSignal | undefined;
};

/**
 * Sends a request. Resolves with the head of its answer, whose body is still to be read. Not fetch:
 * that knows no Unix sockets, refuses ports such as 6000 and 10080, and follows redirects.
 * @throws CliError unreachable, bad_answer, token_in_clear
 */
export function openAnswer(
  { address, tls, lookup }: Connecting,
  request: ApiRequest,
): Promise<IncomingMessage> {
  const { method, path, headers, body, endsBy } = request;
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const options = {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
    },
    path: address.prefix + path,
    signal: endsBy ?? timeout,
    agent: false,
    ...(lookup !== undefined && { lookup }),
    ...tls,
    // Also where NODE_TLS_REJECT_UNAUTHORIZED says that anybody will do.
    rejectUnauthorized: true,
  } as const;
  return new Promise((resolve, reject) => {
    const { secure, origin, socketPath } = address;
    const send = (secure ? nodeHttps() : http).request;
    const sent =
      origin === undefined
        ? send({ ...options, socketPath, host: "localhost" }, resolve)
        : send(origin, options, resolve);
    sent.on("error", (error) =>
      reject(
        failureOf(error, {
          url: address.text,
          timedOut: endsBy === undefined && timeout.aborted,
        }),
      ),
    );
    sent.end(body);
  });
}
