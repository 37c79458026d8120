import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Server as TlsServer, TlsOptions } from "node:tls";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { dechunk, fieldOf, splitField } from "./received-bytes.ts";
import type { Fate } from "./raw-socket.ts";

/** Where an origin listens: a free port of 127.0.0.1 or of `host`, or a Unix socket. */
export type OriginBind = { readonly host?: string } | { readonly path: string };

/** A request, as an origin received it. */
export type OriginRequest = {
  /** Head and, when it is whole, body: byte for byte, as latin1 text. */
  readonly text: string;
  readonly line: string;
  /** Names, in lower case, and values, in the order received. */
  readonly fields: readonly (readonly [string, string])[];
  readonly field: (name: string) => string | undefined;
};

/** One connection to an origin. */
export class OriginConnection {
  readonly socket: Socket;
  /** All that was received on it, as latin1 text. */
  received = "";
  /** How the peer ended it. */
  fate: Fate = "open";
  /** Whether a 101 was sent: from then on, what comes in is no longer HTTP. */
  isTunnel = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Sends bytes, a text as latin1. */
  send(bytes: string | Buffer): this {
    this.isTunnel ||= typeof bytes === "string" && /^HTTP\/1\.[01] 101 /.test(bytes);
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }
}

/** What an origin does with a request. */
export type Script = (connection: OriginConnection, request: OriginRequest) => void;

/** The answer of an origin that has nothing special to do. */
export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A script that sends these bytes. */
export function answer(bytes: string | Buffer): Script {
  return (connection) => {
    connection.send(bytes);
  };
}

function endToo({ socket }: OriginConnection): void {
  socket.end();
}

/**
 * A server made of a TCP socket and a script: it records what it gets byte for byte and answers
 * with whatever bytes it is told, right or wrong.
 */
export class RawOrigin {
  readonly #server: Server;
  readonly connections: OriginConnection[] = [];
  /** Why handshakes have failed. */
  readonly refused: string[] = [];
  /** Whole requests, in the order in which they became whole. */
  readonly requests: OriginRequest[] = [];
  /** Called for each whole request. */
  onRequest: Script = answer(OK);
  /** Called for each head, before its body. */
  onHead: Script = () => undefined;
  /** Called for each connection, before any byte of it. */
  onConnection: (connection: OriginConnection) => void = () => undefined;
  /** Called for each connection that the peer half-closes; mostly the origin then does so too. */
  onEnd: (connection: OriginConnection) => void = endToo;

  static async start(bind: OriginBind = {}): Promise<RawOrigin> {
    const origin = new RawOrigin();
    await listen(origin.#server, bind);
    return origin;
  }

  /** One that speaks TLS. */
  static async startTls(options: TlsOptions): Promise<RawOrigin> {
    const origin = new RawOrigin(options);
    await listen(origin.#server, {});
    return origin;
  }

  private constructor(tls?: TlsOptions) {
    const options = { allowHalfOpen: true, noDelay: true };
    const onSocket = (socket: Socket): void => this.#accept(socket);
    this.#server =
      tls === undefined
        ? createServer(options, onSocket)
        : createTlsServer({ ...options, ...tls }, onSocket);
    // A handshake that fails is the other side's to notice.
    this.#server.on("tlsClientError", (error) => this.refused.push(codeOf(error)));
  }

  /** Shows another certificate from now on. */
  showCertificate(options: TlsOptions): void {
    (this.#server as TlsServer).setSecureContext(options);
  }

  /** As an endpoint of a service. */
  get address(): string {
    return addressOf(this.#server);
  }

  /** The last connection accepted. @throws when there is none. */
  get lastConnection(): OriginConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("Nobody has connected to the origin");
    return connection;
  }

  /** Forgets what it recorded and what it was told to do. */
  clear(): void {
    this.connections.length = 0;
    this.requests.length = 0;
    this.onRequest = answer(OK);
    this.onHead = () => undefined;
    this.onConnection = () => undefined;
    this.onEnd = endToo;
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.connections) socket.destroy();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const connection = new OriginConnection(socket);
    const reader = new RequestReader(connection, this);
    this.connections.push(connection);
    socket.on("data", (bytes: Buffer) => reader.read(bytes));
    socket.on("end", () => {
      if (connection.fate === "open") connection.fate = "fin";
      this.onEnd(connection);
    });
    socket.on("error", () => (connection.fate = "reset"));
    this.onConnection(connection);
  }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}

/** Finds the requests in what a connection receives. */
class RequestReader {
  readonly #connection: OriginConnection;
  readonly #origin: RawOrigin;
  /** Where the current request begins in `received`, and whether its head has been reported. */
  #start = 0;
  #headTold = false;

  constructor(connection: OriginConnection, origin: RawOrigin) {
    this.#connection = connection;
    this.#origin = origin;
  }

  read(bytes: Buffer): void {
    const connection = this.#connection;
    connection.received += bytes.toString("latin1");
    while (!connection.isTunnel) {
      const text = connection.received.slice(this.#start);
      const headEnd = text.indexOf("\r\n\r\n");
      if (headEnd === -1) return;
      const head = parseHead(text.slice(0, headEnd + 4));
      if (!this.#headTold) this.#origin.onHead(connection, head);
      this.#headTold = true;
      const length = bodyLength(head, text.slice(headEnd + 4));
      if (length === undefined) return;
      const end = headEnd + 4 + length;
      this.#start += end;
      this.#headTold = false;
      const request = { ...head, text: text.slice(0, end) };
      this.#origin.requests.push(request);
      this.#origin.onRequest(connection, request);
    }
  }
}

function parseHead(text: string): OriginRequest {
  const [line = "", ...lines] = text.slice(0, -4).split("\r\n");
  const fields = lines.map(splitField);
  return { text, line, fields, field: (name) => fieldOf(fields, name) };
}

function bodyLength(head: OriginRequest, rest: string): number | undefined {
  if (head.field("transfer-encoding") !== undefined) return dechunk(rest)?.bytes;
  const length = Number(head.field("content-length") ?? 0);
  return rest.length < length ? undefined : length;
}

/** What a well-behaved origin received. */
export type HttpRecord = {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly bodyBytes: number;
  /** Hexadecimal SHA-256 of the body. */
  readonly bodyHash: string;
};

/** Handles a request as node:http allows; the body has been read. */
export type HttpScript = (
  record: HttpRecord,
  response: ServerResponse,
  request: IncomingMessage,
) => void;

/** A well-behaved server of node:http that records what it gets. */
export class HttpOrigin {
  readonly #server: HttpServer;
  readonly records: HttpRecord[] = [];

  /** `script`: what it answers. Without one it answers with its name as text. */
  static async start(
    name: string,
    script?: HttpScript,
    bind: OriginBind = {},
  ): Promise<HttpOrigin> {
    const origin = new HttpOrigin(script ?? ((_record, response) => response.end(name)));
    await listen(origin.#server, bind);
    return origin;
  }

  private constructor(script: HttpScript) {
    this.#server = createHttpServer((request, response) => {
      this.#record(request).then(
        (record) => script(record, response, request),
        () => response.destroy(),
      );
    });
  }

  /** As an endpoint of a service. */
  get address(): string {
    return addressOf(this.#server);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #record(request: IncomingMessage): Promise<HttpRecord> {
    const hash = createHash("sha256");
    let bodyBytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bodyBytes += chunk.length;
    }
    const { method = "", url = "", rawHeaders } = request;
    const record = { method, url, rawHeaders, bodyBytes, bodyHash: hash.digest("hex") };
    this.records.push(record);
    return record;
  }
}

async function listen(server: Server, bind: OriginBind): Promise<void> {
  server.listen("path" in bind ? bind : { host: bind.host ?? "127.0.0.1", port: 0 });
  await once(server, "listening");
}

function addressOf(server: Server): string {
  const address = server.address() as AddressInfo | string;
  if (typeof address === "string") return `unix:${address}`;
  const { address: host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
