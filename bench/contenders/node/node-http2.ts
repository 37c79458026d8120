import { readFileSync } from "node:fs";
import { connect, createSecureServer, createServer } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { SERVER_NAME } from "../../origin/certificate-files.ts";
import { chooseVersion, jobOfArguments, tellPort } from "./node-job.ts";

/** As node:http2 has them, without what is about one connection. */
type Fields = Record<string, string | string[] | undefined>;

const job = jobOfArguments();
const isSecure = job.tls?.client === "tls";
const goesByHttp2 = job.http2?.upstream !== "http/1.1";
const addresses = { v1: job.endpoints.v1[0] ?? "", v2: job.endpoints.v2[0] ?? "" };
const pools = { v1: poolOf(addresses.v1), v2: poolOf(addresses.v2) };
const sessions = new Map<string, ClientHttp2Session>();

function poolOf(address: string): Pool {
  return new Pool(`http://${address}`, { connections: 1024 });
}

/** One connection to each version, as node:http2 has no pool. */
function sessionOf(address: string): ClientHttp2Session {
  const known = sessions.get(address);
  if (known !== undefined && !known.closed) return known;
  const { tls } = job;
  const secure = tls !== undefined && tls.upstream !== "clear";
  const session = secure
    ? connect(`https://${address}`, { ca: readFileSync(tls.files.root), servername: SERVER_NAME })
    : connect(`http://${address}`);
  session.on("error", () => undefined);
  sessions.set(address, session);
  return session;
}

function forwardedFields(stream: ServerHttp2Stream, fields: IncomingHttpHeaders): Fields {
  return {
    ...fields,
    "x-forwarded-for": stream.session?.socket.remoteAddress ?? "unknown",
    "x-forwarded-proto": isSecure ? "https" : "http",
    "x-forwarded-host": fields[":authority"],
  };
}

function passByHttp2(stream: ServerHttp2Stream, address: string, fields: Fields): void {
  const upstream = sessionOf(address).request(fields);
  upstream.on("error", () => stream.close());
  stream.on("error", () => upstream.close());
  let trailers: IncomingHttpHeaders = {};
  upstream.on("response", (head) => {
    if (stream.destroyed) return;
    stream.respond(head, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    upstream.pipe(stream);
  });
  upstream.on("trailers", (last: IncomingHttpHeaders) => (trailers = last));
  stream.pipe(upstream);
}

function answerTo(stream: ServerHttp2Stream): Dispatcher.DispatchHandler {
  return {
    onRequestStart: () => undefined,
    onResponseStart(controller, status, fields) {
      if (stream.destroyed) return controller.abort(new Error("The client went away"));
      // Of one connection alone, and HTTP/2 has none of them.
      delete fields["connection"];
      delete fields["keep-alive"];
      stream.respond({ ":status": status, ...fields });
    },
    onResponseData(controller, chunk) {
      if (stream.write(chunk)) return;
      controller.pause();
      stream.once("drain", () => controller.resume());
    },
    onResponseEnd: () => void stream.end(),
    onResponseError: () => stream.close(),
  };
}

function passByHttp1(stream: ServerHttp2Stream, version: "v1" | "v2", fields: Fields): void {
  const own = Object.entries(fields).filter(([name]) => !name.startsWith(":"));
  const method = String(fields[":method"]);
  pools[version].dispatch(
    {
      path: String(fields[":path"]),
      method,
      headers: { ...Object.fromEntries(own), host: String(fields[":authority"]) },
      body: method === "GET" ? null : stream,
    },
    answerTo(stream),
  );
}

const { tls } = job;
const server =
  tls?.client === "tls"
    ? createSecureServer({
        cert: readFileSync(tls.files.server.cert),
        key: readFileSync(tls.files.server.key),
      })
    : createServer();
server.on("sessionError", () => undefined);
server.on("stream", (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => {
  stream.on("error", () => undefined);
  const version = chooseVersion(job, undefined);
  const forwarded = forwardedFields(stream, fields);
  if (goesByHttp2) passByHttp2(stream, addresses[version], forwarded);
  else passByHttp1(stream, version, forwarded);
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => tellPort(server));
