import http from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";

/** What llhttp, strict, made of one message. */
export type Reading = {
  readonly start: string;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  body: string;
  trailers: readonly string[];
  /** undefined: the two parsers need not agree on whether it is. */
  complete: boolean | undefined;
};

const HEAD_BYTES_MAX = 1024 * 1024;

/** A connection whose peer has sent `bytes` and takes whatever is written. */
class Wire extends Duplex {
  constructor() {
    super({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  }
  /** Delivers the bytes, lets them be read, and then closes the peer's side. */
  async deliver(bytes: Buffer): Promise<void> {
    if (bytes.length > 0) {
      this.push(bytes);
    }
    await nextTurn();
    await nextTurn();
    this.push(null);
    await nextTurn();
    await nextTurn();
    this.destroy();
  }
}

/** The requests that node:http reads in `bytes`, in order, incomplete ones too. */
export async function requestsByLlhttp(bytes: Buffer): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  const take = (request: http.IncomingMessage): void => {
    const { method, url, httpVersion } = request;
    readings.push(follow(request, `${method} ${url} ${httpVersion}`));
  };
  const server = http.createServer({ maxHeaderSize: HEAD_BYTES_MAX, insecureHTTPParser: false });
  for (const event of ["request", "checkContinue", "checkExpectation"]) {
    server.on(event, take);
  }
  server.on("clientError", () => undefined);
  const wire = new Wire();
  wire.on("error", () => undefined);
  server.emit("connection", wire);
  await wire.deliver(bytes);
  return readings;
}

/**
 * The responses to one request that node:http reads in `bytes`: interim ones, then the final one.
 */
export async function responsesByLlhttp(
  bytes: Buffer,
  method: "GET" | "HEAD",
): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  const wire = new Wire();
  const request = http.request({
    method,
    createConnection: () => wire,
    maxHeaderSize: HEAD_BYTES_MAX,
    insecureHTTPParser: false,
    headers: { Host: "a", Connection: "keep-alive" },
  });
  request.on("error", () => undefined);
  request.on("information", (info) => {
    const fields = info.rawHeaders;
    readings.push({ start: startOf(info), fields, body: "", trailers: [], complete: true });
  });
  request.on("upgrade", (response) => {
    const fields = response.rawHeaders;
    readings.push({ start: startOf(response), fields, body: "", trailers: [], complete: true });
  });
  request.on("response", (response) => readings.push(follow(response, startOf(response))));
  request.end();
  await nextTurn();
  await wire.deliver(bytes);
  return readings;
}

function startOf(response: {
  readonly httpVersion: string;
  readonly statusCode?: number | undefined;
  readonly statusMessage?: string | undefined;
}): string {
  return `${response.httpVersion} ${response.statusCode} ${response.statusMessage}`;
}

function follow(message: http.IncomingMessage, start: string): Reading {
  const fields = message.rawHeaders;
  const reading: Reading = { start, fields, body: "", trailers: [], complete: false };
  message.on("error", () => undefined);
  message.on("data", (piece: Buffer) => (reading.body += piece.toString("latin1")));
  message.on("end", () => {
    reading.complete = message.complete;
    reading.trailers = message.rawTrailers;
  });
  return reading;
}
