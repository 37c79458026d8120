import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cores } from "../system/cores.ts";
import { REQUESTS_PER_CONNECTION, nginxArguments, nginxConfig } from "../system/nginx-parts.ts";
import { freePort, untilOpen } from "../system/ports.ts";
import { findProgram } from "../system/programs.ts";
import { Spawned } from "../system/spawned.ts";
import { WorkFolder } from "../system/work-folder.ts";
import type { JobTls, Speech } from "./certificate-files.ts";
import type { FieldsAnswer } from "./answers.ts";
import {
  GRPC_MESSAGE,
  GRPC_PATH,
  HEAD_BYTES_MAX,
  ROUTE_PREFIX,
  SIZED_ANSWERS,
  SMALL_BODY,
} from "./answers.ts";

/** How long an origin may take to accept connections. */
const OPEN_WAIT_MS = 10_000;
/** Connections and listening sockets of the origin: more than any scenario opens. */
const CONNECTIONS_MAX = 19_000;
/** Most endpoints of one version: as many as two bytes of a loopback address can number. */
const ENDPOINTS_MAX = 65_000;
/** Streams of a connection of gRPC: more than a load has under way, so that one is enough. */
const GRPC_STREAMS_MAX = 1_000;

/** Addresses (`127.x.y.z:port`) of the endpoints of both versions. */
export type Endpoints = { readonly v1: readonly string[]; readonly v2: readonly string[] };

/** The servers behind every contender. */
export type Origin = AsyncDisposable & {
  /** What it runs on: nginx where installed, as that disturbs the measurement least. */
  readonly kind: "nginx" | "node:http" | "ws" | "nghttpd";
  readonly endpoints: Endpoints;
};

/**
 * Starts an origin with `perVersion` endpoints of each version, all of them in one process.
 * `speech`: whether they speak TLS or HTTP/2, for which nginx must be installed.
 */
export async function startOrigin(
  cores: Cores,
  perVersion = 1,
  speech: Speech = {},
): Promise<Origin> {
  const nginx = findProgram("nginx");
  if (nginx === undefined) {
    if (isSecure(speech) || speaksHttp2(speech)) {
      throw new Error("Cannot start an origin with TLS or HTTP/2: nginx is missing");
    }
    return startNodeOrigin(cores, "node-origin.ts", perVersion);
  }
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await WorkFolder.make());
  const port = await freePort();
  const endpoints = endpointsOn(port, perVersion);
  const config = await folder.write(
    "nginx.conf",
    nginxConfig(folder, {
      http: originHttp(folder, endpoints, speech),
      connectionsMax: CONNECTIONS_MAX,
    }),
  );
  await writeAnswers(folder);
  const args = nginxArguments(folder, config);
  stack.use(new Spawned({ file: nginx, arguments: args, cores: cores.load }));
  await untilOpenAt(endpoints.v1[0] as string);
  return { kind: "nginx", endpoints, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Starts an origin that accepts WebSockets and sends every message back. */
export async function startEchoOrigin(cores: Cores): Promise<Origin> {
  return { ...(await startNodeOrigin(cores, "echo-origin.ts", 1)), kind: "ws" };
}

/**
 * Starts servers of one gRPC method, as nghttp2 has them: they send a file, whatever they are sent,
 * and trailers.
 */
export async function startGrpcOrigin(cores: Cores): Promise<Origin> {
  const nghttpd = findProgram("nghttpd");
  if (nghttpd === undefined) throw new Error("Cannot start an origin of gRPC: nghttpd is missing");
  const stack = new AsyncDisposableStack();
  const endpoints = endpointsOn(await freePort(), 1);
  for (const version of ["v1", "v2"] as const) {
    const folder = stack.use(await WorkFolder.make());
    const [, service = "", method = ""] = GRPC_PATH.split("/");
    await mkdir(join(folder.path, service));
    await writeFile(join(folder.path, service, method), GRPC_MESSAGE);
    // It says nothing of what it has been sent.
    const fields: FieldsAnswer = { version, host: "unknown", forwardedFor: "unknown" };
    await folder.write("fields", JSON.stringify(fields));
    const [address = "", port = ""] = endpoints[version][0]?.split(":") ?? [];
    const where = [`--address=${address}`, "--no-tls", `--htdocs=${folder.path}`];
    const how = ["--trailer=grpc-status: 0", `--max-concurrent-streams=${GRPC_STREAMS_MAX}`];
    const args = [...where, ...how, port];
    stack.use(new Spawned({ file: nghttpd, arguments: args, cores: cores.load }));
    await untilOpenAt(`${address}:${port}`);
  }
  return { kind: "nghttpd", endpoints, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function startNodeOrigin(cores: Cores, file: string, perVersion: number): Promise<Origin> {
  const endpoints = endpointsOn(await freePort(), perVersion);
  const path = fileURLToPath(new URL(file, import.meta.url));
  const origin = new Spawned({
    file: process.execPath,
    arguments: [path, JSON.stringify(endpoints)],
    cores: cores.load,
  });
  await origin.firstLine((line) => (line === "ready" ? true : undefined));
  return {
    kind: "node:http",
    endpoints,
    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  };
}

/** One port on many loopback addresses, which Linux has without any set-up. */
function endpointsOn(port: number, perVersion: number): Endpoints {
  if (perVersion > ENDPOINTS_MAX) {
    const wanted = `at most ${ENDPOINTS_MAX} addresses of a version`;
    throw new RangeError(`Cannot listen: wanted ${wanted}, found ${perVersion}`);
  }
  const addresses = (network: number): string[] =>
    Array.from({ length: perVersion }, (_, index) => {
      const host = index + 1;
      return `127.${network}.${host >> 8}.${host & 255}:${port}`;
    });
  return { v1: addresses(1), v2: addresses(2) };
}

function originHttp(folder: WorkFolder, { v1, v2 }: Endpoints, speech: Speech): string {
  const servers = [serverBlock("v1", v1, speech), serverBlock("v2", v2, speech)];
  return [takenBlocks(folder), ...servers].join("\n");
}

/** What a job's endpoints speak is what the origin speaks. */
function isSecure({ tls }: Speech): boolean {
  return tls !== undefined && tls.upstream !== "clear";
}

function speaksHttp2({ http2 }: Speech): boolean {
  return http2?.upstream === "h2";
}

function certificateLines({ upstream, files }: JobTls): string {
  const { root, server } = files;
  const verify = upstream === "mtls" ? `ssl_client_certificate ${root}; ssl_verify_client on;` : "";
  return `ssl_certificate ${server.cert}; ssl_certificate_key ${server.key}; ${verify}`;
}

/**
 * `return` would answer an upload before all of it has arrived, and a proxy may then stop sending
 * it. nginx reads a request whole before it passes it to another server: here to one that gets none
 * of it.
 */
function takenBlocks(folder: WorkFolder): string {
  const socket = `unix:${folder.path}/taken.sock`;
  const kept = `keepalive 64; keepalive_requests ${REQUESTS_PER_CONNECTION};`;
  return `  upstream taken { server ${socket}; ${kept} }
  server { listen ${socket}; location / { return 200 "taken"; } }`;
}

function serverBlock(version: string, addresses: readonly string[], speech: Speech): string {
  const { tls } = speech;
  const flags = `${isSecure(speech) ? "ssl " : ""}${speaksHttp2(speech) ? "http2 " : ""}`;
  const options = `${flags}backlog=4096`;
  const seen = `"host":"$http_host","forwardedFor":"$http_x_forwarded_for"`;
  const fields = `{"version":"${version}",${seen}}`;
  return `  server {
${addresses.map((address) => `    listen ${address} ${options};`).join("\n")}
    ${tls !== undefined && isSecure(speech) ? certificateLines(tls) : ""}
    keepalive_timeout 3600s;
    client_max_body_size 0;
    large_client_header_buffers 4 ${HEAD_BYTES_MAX};
    root answers;
    open_file_cache max=16;
    location = /small { return 200 "${SMALL_BODY.replace("\n", "\\n")}"; }
    location ${ROUTE_PREFIX} { return 200 "${SMALL_BODY.replace("\n", "\\n")}"; }
    location = /upload {
      client_body_buffer_size 2m;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_pass http://taken;
    }
    location = /fields { return 200 '${fields}'; }
  }`;
}

async function writeAnswers(folder: WorkFolder): Promise<void> {
  await mkdir(`${folder.path}/answers`);
  for (const [path, bytes] of Object.entries(SIZED_ANSWERS)) {
    await using file = await open(`${folder.path}/answers${path}`, "w");
    // A hole reads as zeros and takes no room on the disk.
    await file.truncate(bytes);
  }
}

async function untilOpenAt(address: string): Promise<void> {
  const [host = "", port] = address.split(":");
  await untilOpen(Number(port), OPEN_WAIT_MS, host);
}
