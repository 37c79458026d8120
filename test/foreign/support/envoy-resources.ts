const EXTENSIONS = "type.googleapis.com/envoy.extensions";
const TLS = `${EXTENSIONS}.transport_sockets.tls.v3`;

/** A certificate of the mesh with its key, and whom the other side must be. */
export type MeshTls = {
  readonly certPem: string;
  readonly keyPem: string;
  readonly rootsPem: string;
  /** Of the other side's certificate. undefined: anybody whose chain verifies. */
  readonly uri?: string;
};

/** A listener for HTTP/1.1 and WebSockets. `filters`: before the router. */
export function httpListener(
  port: number,
  { cluster, tls, filters = [] }: { cluster?: string; tls?: MeshTls; filters?: object[] },
): object {
  const action =
    cluster === undefined ? { direct_response: { status: 200 } } : { route: { cluster } };
  const connections = managerOf([{ match: { prefix: "/" }, ...action }], filters);
  const security =
    tls === undefined
      ? {}
      : transportSocket("DownstreamTlsContext", tls, { require_client_certificate: true });
  return { address: at(port), filter_chains: [{ filters: [connections], ...security }] };
}

/** A listener for gRPC-Web, which goes to `grpc` as gRPC, and for what else there is. */
export function grpcWebListener(
  port: number,
  { grpc, others }: { grpc: string; others: string },
): object {
  const routes = [
    { match: { prefix: "/grpc." }, route: { cluster: grpc } },
    { match: { prefix: "/" }, route: { cluster: others } },
  ];
  const filter = {
    name: "envoy.filters.http.grpc_web",
    typed_config: { "@type": `${EXTENSIONS}.filters.http.grpc_web.v3.GrpcWeb` },
  };
  return { address: at(port), filter_chains: [{ filters: [managerOf(routes, [filter])] }] };
}

function managerOf(routes: readonly object[], filters: readonly object[]): object {
  const manager = {
    "@type": `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "web",
    upgrade_configs: [{ upgrade_type: "websocket" }],
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [
      ...filters,
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${EXTENSIONS}.filters.http.router.v3.Router` },
      },
    ],
  };
  return { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
}

/** A cluster of one endpoint of 127.0.0.1. */
export function oneEndpoint(name: string, port: number, tls?: MeshTls): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: at(port) } }] }];
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: { cluster_name: name, endpoints },
    ...(tls && transportSocket("UpstreamTlsContext", tls)),
  };
}

/** As oneEndpoint(), spoken to by HTTP/2 with prior knowledge. */
export function http2Endpoint(name: string, port: number): object {
  const options = {
    "@type": `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return {
    ...oneEndpoint(name, port),
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options,
    },
  };
}

/** RBAC with one policy for anybody: what one of these permissions fits is allowed. */
export function allowing(permissions: readonly object[]): object {
  const policies = { all: { permissions, principals: [{ any: true }] } };
  const rules = permissions.length === 0 ? {} : { action: "ALLOW", policies };
  return {
    name: "envoy.filters.http.rbac",
    typed_config: { "@type": `${EXTENSIONS}.filters.http.rbac.v3.RBAC`, rules },
  };
}

function transportSocket(type: string, tls: MeshTls, more: object = {}): object {
  const { certPem, keyPem, rootsPem, uri } = tls;
  const names = uri === undefined ? [] : [{ san_type: "URI", matcher: { exact: uri } }];
  const common_tls_context = {
    tls_certificates: [
      { certificate_chain: { inline_string: certPem }, private_key: { inline_string: keyPem } },
    ],
    validation_context: {
      trusted_ca: { inline_string: rootsPem },
      ...(names.length > 0 && { match_typed_subject_alt_names: names }),
    },
  };
  const typed_config = { "@type": `${TLS}.${type}`, common_tls_context, ...more };
  return { transport_socket: { name: "tls", typed_config } };
}

function at(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
