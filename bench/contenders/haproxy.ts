import { findProgram, versionOf } from "../system/programs.ts";
import { INSTALL, WEIGHTS, hostsOf, speaksHttp2ToEndpoints } from "./contender.ts";
import type { Ability, Contender, Job } from "./contender.ts";
import { SERVER_NAME, tlsToEndpoints } from "../origin/certificate-files.ts";
import { startServer } from "./server.ts";
import type { WorkFolder } from "../system/work-folder.ts";

/** Connections, both sides counted. */
const CONNECTIONS_MAX = 9_000;

/** HAProxy in mode http: weighted servers, connections shared between clients (http-reuse). */
export const haproxy = haproxyContender("http", {
  name: "haproxy",
  how: "mode http, weighted servers, http-reuse always, 1 thread",
  abilities: new Set([
    "http",
    "split",
    "affinity",
    "services",
    "tunnel",
    "tls",
    "h2",
    "grpc",
    "h2-both",
  ]),
});

/** HAProxy in mode tcp: it parses nothing, so it is the floor of two reads and two writes. */
export const haproxyTcp = haproxyContender("tcp", {
  name: "haproxy-tcp",
  how: "mode tcp: splits connections, parses nothing, adds no field; the floor",
  abilities: new Set(["http", "tunnel", "tcp"]),
});

type Kind = "http" | "tcp";
type About = Pick<Contender, "name" | "how"> & { readonly abilities: ReadonlySet<Ability> };

function haproxyContender(mode: Kind, about: About): Contender {
  return {
    ...about,
    getIt: INSTALL,
    version: async () => {
      const program = findProgram("haproxy");
      return program === undefined ? undefined : versionOf(program, ["-v"]);
    },
    start: (job, cores) =>
      startServer(cores, async ({ folder, port }) => {
        const text = mode === "tcp" ? tcpConfig(job, port) : await httpConfig(folder, job, port);
        const config = await folder.write("haproxy.cfg", text);
        return { program: "haproxy", arguments: ["-db", "-f", config] };
      }),
  };
}

function start(mode: Kind): string {
  return `global
  nbthread 1
  tune.ssl.cachesize 20000
  maxconn ${CONNECTIONS_MAX}
defaults
  mode ${mode}
  maxconn ${CONNECTIONS_MAX}
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
`;
}

function tcpConfig(job: Job, port: number): string {
  return `${start("tcp")}listen web
  bind 127.0.0.1:${port} backlog 4096
  balance roundrobin
${serverLines(job)}
`;
}

async function httpConfig(folder: WorkFolder, job: Job, port: number): Promise<string> {
  const hosts = hostsOf(job);
  const map = await folder.write(
    "hosts.map",
    hosts.map((host, index) => `${host} service_${index}\n`).join(""),
  );
  const choice =
    hosts.length > 1
      ? `use_backend %[req.hdr(host),lower,map(${map})]`
      : "default_backend service_0";
  return `${start("http")}  option forwardfor
  http-reuse always
frontend web
  bind 127.0.0.1:${port} backlog 4096${bindOptions(job)}
  http-request set-header X-Forwarded-Proto ${job.tls?.client === "tls" ? "https" : "http"}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  ${choice}
${hosts.map((_, index) => backend(job, index)).join("\n")}
`;
}

function bindOptions({ tls, http2 }: Job): string {
  const isHttp2 = http2 !== undefined;
  if (tls?.client !== "tls") return isHttp2 ? " proto h2" : "";
  return ` ssl crt ${tls.files.server.both} alpn ${isHttp2 ? "h2" : "http/1.1"}`;
}

function serverOptions(job: Job): string {
  const isHttp2 = speaksHttp2ToEndpoints(job);
  const upstream = tlsToEndpoints(job.tls);
  if (upstream === undefined) return isHttp2 ? " proto h2" : "";
  const { root, own } = upstream;
  const pair = own ? ` crt ${own.both}` : "";
  const alpn = isHttp2 ? " alpn h2" : "";
  return ` ssl verify required ca-file ${root} sni str(${SERVER_NAME})${pair}${alpn}`;
}

function backend(job: Job, index: number): string {
  const balance = job.affinity
    ? "balance hash req.cook(sid)\n  hash-type consistent"
    : "balance roundrobin";
  return `backend service_${index}
  ${balance}
${serverLines(job)}`;
}

/**
 * Weights of servers are relative and at most 256 (haproxy 2.6, section 5.2), so an endpoint's is
 * that of its version.
 */
function serverLines(job: Job): string {
  const lines = (["v1", "v2"] as const).flatMap((version) =>
    job.endpoints[version].map(
      (address, index) =>
        `  server ${version}_${index} ${address} weight ${WEIGHTS[version]}${serverOptions(job)}`,
    ),
  );
  return lines.join("\n");
}
