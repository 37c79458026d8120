import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";

/** A server of HTTP/2, and the Host that requests are for. */
export type Http2Place = {
  readonly at: string;
  readonly port: number;
  readonly host: string;
  /** Over TLS. What the server shows is not verified. */
  readonly secure: boolean;
};

/** An answer, read whole. */
export type Http2Answer = {
  readonly status: number;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
};

/** One connection of HTTP/2, for one request after the other. */
export class Http2Asker implements AsyncDisposable {
  readonly #session: ClientHttp2Session;
  readonly #host: string;

  static async connect({ at, port, host, secure }: Http2Place): Promise<Http2Asker> {
    const session = connect(`${secure ? "https" : "http"}://${at}:${port}`, {
      rejectUnauthorized: false,
      servername: "localhost",
    });
    await once(session, "connect");
    return new Http2Asker(session, host);
  }

  private constructor(session: ClientHttp2Session, host: string) {
    this.#session = session;
    this.#host = host;
    // A request that is under way fails by itself.
    session.on("error", () => undefined);
  }

  /** GETs, or POSTs a message of gRPC. */
  async ask(path: string, message?: Buffer): Promise<Http2Answer> {
    const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
    const stream = this.#session.request({
      ":path": path,
      ":authority": this.#host,
      ...(message === undefined ? {} : grpc),
    });
    stream.end(message);
    const chunks: Buffer[] = [];
    let trailers: IncomingHttpHeaders = {};
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("trailers", (fields: IncomingHttpHeaders) => (trailers = fields));
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
    if (!stream.closed) await once(stream, "close");
    return { status: Number(head[":status"]), body: Buffer.concat(chunks), trailers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.destroy();
  }
}
