import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

/** Bytes that say whose they are, and where they stand. */
export function patterned(id: number, byteCount: number): Buffer {
  const words = Uint32Array.from({ length: Math.ceil(byteCount / 4) }, (_, at) =>
    at % 2 === 0 ? id : at,
  );
  return Buffer.from(words.buffer).subarray(0, byteCount);
}

/**
 * A server that wants the bytes of a request to be that request's own, and answers with such bytes.
 * Fields: `X-Id`, whose pattern the body has; the answer's is one more. `X-Answer`: its bytes.
 * `X-Framing`: `length` or `chunked`. `X-Cut`: yes, the connection is reset in its middle.
 */
export class PatternedOrigin implements Disposable {
  /** Bytes of requests that were not theirs, as `ID at OFFSET`. */
  readonly strangers: string[] = [];
  /** Requests whose bodies came whole. */
  whole = 0;
  readonly #server: Server;

  /** `tls`: it speaks TLS, and this way. */
  static async start(tls?: TlsOptions): Promise<PatternedOrigin> {
    const origin = new PatternedOrigin(tls);
    origin.#server.listen(0, "127.0.0.1");
    await once(origin.#server, "listening");
    return origin;
  }

  private constructor(tls?: TlsOptions) {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(request, response).catch(() => response.destroy());
    };
    this.#server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
    this.#server.keepAliveTimeout = 0;
  }

  /** As an endpoint of a service. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    const id = Number(headers["x-id"]);
    const wanted = patterned(id, Number(headers["content-length"] ?? 0));
    let at = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (!chunk.equals(wanted.subarray(at, at + chunk.length))) {
        this.strangers.push(`${id} at ${at}`);
      }
      at += chunk.length;
    }
    this.whole += 1;
    const body = patterned(id + 1, Number(headers["x-answer"]));
    if (headers["x-framing"] === "length") response.setHeader("content-length", body.length);
    response.flushHeaders();
    const half = body.length >> 1;
    response.write(body.subarray(0, half));
    if (headers["x-cut"] === "yes") request.socket.destroy();
    else response.end(body.subarray(half));
  }
}
