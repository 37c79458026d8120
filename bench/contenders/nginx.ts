import { REQUESTS_PER_CONNECTION, nginxArguments, nginxConfig } from "../system/nginx-parts.ts";
import { findProgram, versionOf } from "../system/programs.ts";
import { INSTALL, WEIGHTS, hostsOf } from "./contender.ts";
import type { Contender, Job } from "./contender.ts";
import { SERVER_NAME, tlsToEndpoints } from "../origin/certificate-files.ts";
import type { JobTls } from "../origin/certificate-files.ts";
import { startServer } from "./server.ts";

/**
 * Connections of the worker, both sides counted: more than a scenario opens, and not much memory.
 */
const CONNECTIONS_MAX = 6_000;
/**
 * Idle upstream connections kept: no fewer than the load's connections, or they are opened anew.
 */
const KEEPALIVE = 1_000;
/** The same for each of many services, one of which is in use: nginx takes the memory at start. */
const KEEPALIVE_OF_MANY = 64;

/**
 * nginx as the documents of ngx_http_upstream_module and ngx_http_split_clients_module say:
 * split_clients, kept HTTP/1.1 connections to upstreams, bodies streamed as the others do.
 */
export const nginx: Contender = {
  name: "nginx",
  how: "split_clients, upstream keepalive, 1 worker",
  abilities: new Set(["http", "split", "affinity", "services", "tunnel", "tls", "h2", "grpc"]),
  getIt: INSTALL,
  version: async () => {
    const program = findProgram("nginx");
    return program === undefined ? undefined : versionOf(program, ["-v"]);
  },
  start: (job, cores) =>
    startServer(cores, async ({ folder, port }) => {
      const http = httpBlock(job, port);
      const text = nginxConfig(folder, { http, connectionsMax: CONNECTIONS_MAX });
      const config = await folder.write("nginx.conf", text);
      return { program: "nginx", arguments: nginxArguments(folder, config) };
    }),
};

function httpBlock(job: Job, port: number): string {
  const hosts = hostsOf(job);
  const many = hosts.length > 1;
  const blocks = hosts.map((host, index) => serviceBlocks(job, { host, index, port, many }));
  return `  server_names_hash_max_size ${Math.max(512, hosts.length * 4)};
  server_names_hash_bucket_size 128;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  proxy_http_version 1.1;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  grpc_set_header X-Forwarded-Proto $scheme;
  grpc_set_header X-Forwarded-Host $http_host;
  client_max_body_size 0;
  ${upstreamLines(job.tls)}
${blocks.join("\n")}`;
}

type Service = {
  readonly host: string;
  readonly index: number;
  readonly port: number;
  readonly many: boolean;
};

function serviceBlocks(job: Job, service: Service): string {
  const { host, index, port, many } = service;
  const isSecure = job.tls?.client === "tls";
  const scheme = tlsToEndpoints(job.tls) === undefined ? "http" : "https";
  const target = many ? `service_${index}` : "$version";
  const pass = job.http2?.upstream === "grpc" ? "grpc_pass grpc" : `proxy_pass ${scheme}`;
  const flags = `${isSecure ? " ssl" : ""}${job.http2 === undefined ? "" : " http2"}`;
  return `${many ? weightedUpstream(job, index) : splitUpstreams(job)}
  server {
    listen 127.0.0.1:${port}${flags}${index === 0 ? " backlog=4096" : ""};
    ${isSecure ? certificateLines(job.tls) : ""}
    server_name ${many ? host : "_"};
    location / { ${pass}://${target}; }
  }`;
}

/** As its document on HTTPS servers advises: a session cache, and tickets as by default. */
function certificateLines({ files: { server } }: JobTls): string {
  return `ssl_certificate ${server.cert}; ssl_certificate_key ${server.key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:4m; ssl_session_timeout 1h;`;
}

function upstreamLines(tls: JobTls | undefined): string {
  const upstream = tlsToEndpoints(tls);
  if (upstream === undefined) return "";
  const { root, own } = upstream;
  const pair = own
    ? `proxy_ssl_certificate ${own.cert}; proxy_ssl_certificate_key ${own.key};`
    : "";
  return `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${root};
  proxy_ssl_name ${SERVER_NAME}; proxy_ssl_server_name on; ${pair}`;
}

/** One service: the version is a variable, by key or at random. */
function splitUpstreams(job: Job): string {
  const upstream = (version: "v1" | "v2"): string =>
    upstreamBlock(version, job.endpoints[version].map(serverLine), KEEPALIVE);
  const key = job.affinity ? "$cookie_sid" : "$request_id";
  return `${upstream("v1")}
${upstream("v2")}
  split_clients "${key}" $version { ${WEIGHTS.v2}% v2; * v1; }`;
}

/**
 * Many services: weights of servers, because nginx pays in every request for each variable of its
 * configuration, and searches upstreams that variables name one after the other.
 */
function weightedUpstream(job: Job, index: number): string {
  const servers = (["v1", "v2"] as const).flatMap((version) =>
    job.endpoints[version].map((address) => serverLine(`${address} weight=${WEIGHTS[version]}`)),
  );
  return upstreamBlock(`service_${index}`, servers, KEEPALIVE_OF_MANY);
}

function upstreamBlock(name: string, servers: readonly string[], keepalive: number): string {
  return `  upstream ${name} { ${servers.join(" ")}
    keepalive ${keepalive}; keepalive_requests ${REQUESTS_PER_CONNECTION}; }`;
}

function serverLine(server: string): string {
  return `server ${server};`;
}
