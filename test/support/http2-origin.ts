import { once } from "node:events";
import { createSecureServer, createServer } from "node:http2";
import type {
  IncomingHttpHeaders,
  SecureServerOptions,
  ServerHttp2Session,
  ServerHttp2Stream,
  Settings,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { eventually } from "./eventually.ts";

/** A request as an origin of HTTP/2 has seen it. */
export type Http2Request = {
  readonly stream: ServerHttp2Stream;
  readonly fields: Readonly<Record<string, string>>;
  /** What has come of its body, as latin1 text. */
  body: string;
  /** Its trailers. undefined: none have come. */
  trailers: IncomingHttpHeaders | undefined;
  /** `end`, or `reset CODE`. undefined: it goes on. */
  end: string | undefined;
};

/** What an origin does with a request when its head has come. */
export type Http2Script = (request: Http2Request) => void;

/** Answers with 200 and a body. */
export function http2Answer(body: string): Http2Script {
  return ({ stream }) => {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(body);
  };
}

/** An origin of HTTP/2: Node's own, which is nghttp2. */
export class Http2Origin {
  readonly requests: Http2Request[] = [];
  readonly sessions: ServerHttp2Session[] = [];
  onRequest: Http2Script = http2Answer("ok");
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of 127.0.0.1, by TLS if there are options for that. */
  static async start(settings: Settings = {}, tls?: SecureServerOptions): Promise<Http2Origin> {
    const server =
      tls === undefined ? createServer({ settings }) : createSecureServer({ settings, ...tls });
    const origin = new Http2Origin(server);
    server.on("session", (session: ServerHttp2Session) => origin.#onSession(session));
    server.on("stream", (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) =>
      origin.#onStream(stream, fields),
    );
    server.on("sessionError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return origin;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.sessions.filter(({ destroyed }) => !destroyed).length;
  }

  /** Waits for so many requests. */
  async received(count: number): Promise<readonly Http2Request[]> {
    return eventually(() => {
      if (this.requests.length >= count) return this.requests;
      throw new Error(`Wanted ${count} requests, found ${this.requests.length}`);
    });
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const session of this.sessions) session.destroy();
  }

  #onSession(session: ServerHttp2Session): void {
    this.sessions.push(session);
    session.on("error", () => undefined);
  }

  #onStream(stream: ServerHttp2Stream, fields: IncomingHttpHeaders): void {
    const told = Object.fromEntries(Object.entries(fields)) as Record<string, string>;
    const request: Http2Request = {
      stream,
      fields: told,
      body: "",
      trailers: undefined,
      end: undefined,
    };
    this.requests.push(request);
    stream.on("error", () => undefined);
    stream.on("data", (piece: Buffer) => (request.body += piece.toString("latin1")));
    stream.on("trailers", (trailers) => (request.trailers = trailers));
    stream.once("end", () => (request.end ??= "end"));
    stream.once("close", () => {
      if (stream.rstCode !== 0) request.end = `reset ${stream.rstCode}`;
    });
    this.onRequest(request);
  }
}
