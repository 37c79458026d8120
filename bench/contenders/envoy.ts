import { findProgram, versionOf } from "../system/programs.ts";
import { INSTALL, WEIGHTS, speaksHttp2ToEndpoints } from "./contender.ts";
import type { Contender, Job } from "./contender.ts";
import { SERVER_NAME, tlsToEndpoints } from "../origin/certificate-files.ts";
import type { JobTls } from "../origin/certificate-files.ts";
import { startServer } from "./server.ts";

/** More than any scenario opens: Envoy's default of 1024 would refuse some of it. */
const CIRCUIT_MAX = 100_000;
const EXTENSIONS = "type.googleapis.com/envoy.extensions";

/**
 * Envoy with weighted clusters and one worker thread, as its documentation advises for a sidecar.
 */
export const envoy: Contender = {
  name: "envoy",
  how: "weighted_clusters, --concurrency 1",
  abilities: new Set(["http", "split", "tunnel", "tls", "h2", "grpc", "h2-both"]),
  getIt: INSTALL,
  version: async () => {
    const program = findProgram("envoy");
    return program === undefined ? undefined : versionOf(program, ["--version"]);
  },
  start: (job, cores) =>
    startServer(cores, async ({ folder, port }) => {
      const config = await folder.write("envoy.json", JSON.stringify(envoyConfig(job, port)));
      const quiet = ["--log-level", "error", "--disable-hot-restart"];
      return { program: "envoy", arguments: ["-c", config, "--concurrency", "1", ...quiet] };
    }),
};

function envoyConfig(job: Job, port: number): object {
  return {
    static_resources: {
      listeners: [
        {
          address: socketAddress(`127.0.0.1:${port}`),
          filter_chains: [{ filters: [connectionManager()], ...downstreamTls(job) }],
        },
      ],
      clusters: (["v1", "v2"] as const).map((version) => ({
        ...cluster(version, job.endpoints[version]),
        ...upstreamTls(job),
        ...upstreamHttp2(job),
      })),
    },
  };
}

const TLS = `${EXTENSIONS}.transport_sockets.tls.v3`;

function downstreamTls({ tls, http2 }: Job): object {
  if (tls === undefined || tls.client === "clear") return {};
  const protocols = http2 === undefined ? ["http/1.1"] : ["h2", "http/1.1"];
  const context = { ...pairOf(tls.files.server), alpn_protocols: protocols };
  return transportSocket("DownstreamTlsContext", { common_tls_context: context });
}

/** In clear its listener tells HTTP/2 by the preface; endpoints need to be said of. */
function upstreamHttp2(job: Job): object {
  if (!speaksHttp2ToEndpoints(job)) return {};
  const name = "extensions.upstreams.http.v3.HttpProtocolOptions";
  const options = {
    "@type": `type.googleapis.com/envoy.${name}`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return { typed_extension_protocol_options: { [`envoy.${name}`]: options } };
}

function upstreamTls(job: Job): object {
  const upstream = tlsToEndpoints(job.tls);
  if (upstream === undefined) return {};
  const { root, own } = upstream;
  const context = {
    validation_context: { trusted_ca: { filename: root } },
    ...(own ? pairOf(own) : {}),
    ...(speaksHttp2ToEndpoints(job) ? { alpn_protocols: ["h2"] } : {}),
  };
  return transportSocket("UpstreamTlsContext", { sni: SERVER_NAME, common_tls_context: context });
}

function transportSocket(type: string, config: object): object {
  const typed = { "@type": `${TLS}.${type}`, ...config };
  return { transport_socket: { name: "tls", typed_config: typed } };
}

function pairOf({ cert, key }: JobTls["files"]["server"]): object {
  const pair = { certificate_chain: { filename: cert }, private_key: { filename: key } };
  return { tls_certificates: [pair] };
}

function connectionManager(): object {
  const clusters = [
    { name: "v1", weight: WEIGHTS.v1 },
    { name: "v2", weight: WEIGHTS.v2 },
  ];
  const routes = [
    { match: { prefix: "/" }, route: { weighted_clusters: { clusters }, timeout: "30s" } },
  ];
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: "web",
      use_remote_address: true,
      upgrade_configs: [{ upgrade_type: "websocket" }],
      route_config: { virtual_hosts: [{ name: "web", domains: ["*"], routes }] },
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": `${EXTENSIONS}.filters.http.router.v3.Router` },
        },
      ],
    },
  };
}

function cluster(name: string, addresses: readonly string[]): object {
  const thresholds = [
    {
      max_connections: CIRCUIT_MAX,
      max_pending_requests: CIRCUIT_MAX,
      max_requests: CIRCUIT_MAX,
    },
  ];
  const endpoints = addresses.map((address) => ({ endpoint: { address: socketAddress(address) } }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    circuit_breakers: { thresholds },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  };
}

function socketAddress(address: string): object {
  const [host, port] = address.split(":");
  return { socket_address: { address: host, port_value: Number(port) } };
}
