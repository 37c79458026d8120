import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** What an origin speaks, in clear. */
export type OriginProtocol = "http/1.1" | "h2";

/**
 * One version of the service that clients of HTTP/2 ask: it echoes bodies, tells which trailers it
 * has seen, and says its name.
 */
export class Http2Origin implements Disposable {
  readonly name: string;
  /** How many requests for `/version` it has had. */
  asked = 0;
  readonly #server: Server | Http2Server;
  readonly #sockets = new Set<Socket>();

  static async start(name: string, protocol: OriginProtocol): Promise<Http2Origin> {
    const origin = new Http2Origin(name, protocol);
    origin.#server.listen(0, "127.0.0.1");
    await once(origin.#server, "listening");
    return origin;
  }

  private constructor(name: string, protocol: OriginProtocol) {
    this.name = name;
    const answer = (request: Request, response: Response): void => this.#answer(request, response);
    this.#server =
      protocol === "h2" ? createHttp2(answer) : createHttp1({ keepAliveTimeout: 0 }, answer);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** As an endpoint of a service. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: Request, response: Response): void {
    const path = request.url ?? "/";
    response.setHeader("x-version", this.name);
    if (path === "/echo") return echo(request, response);
    if (path === "/trailers") return tellTrailers(request, response);
    request.resume();
    if (path === "/hello") return end(response, 200, "hello");
    if (path.startsWith("/number/"))
      return end(response, 200, `${path.slice("/number/".length)}\n`);
    if (!path.startsWith("/version")) return end(response, 418, "short and stout");
    this.asked += 1;
    end(response, 200, this.name);
  }
}

function end(response: Response, status: number, body: string): void {
  response.statusCode = status;
  response.end(body);
}

function echo(request: Request, response: Response): void {
  // The types of both kinds cannot be called as one.
  request.on("error", () => response.end());
  (request as IncomingMessage).pipe(response as ServerResponse);
}

function tellTrailers(request: Request, response: Response): void {
  request.resume();
  request.on("end", () => {
    response.setHeader("trailer", "x-seen");
    (response as ServerResponse).write("with trailers");
    response.addTrailers({ "x-seen": String(request.trailers["x-sent"] ?? "none") });
    response.end();
  });
}
