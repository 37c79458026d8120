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
  const manager = {
    "@type": `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "web",
    upgrade_configs: [{ upgrade_type: "websocket" }],
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...action }] },
      ],
    },
    http_filters: [
      ...filters,
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${EXTENSIONS}.filters.http.router.v3.Router` },
      },
    ],
  };
  const filter = {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: manager,
  };
  const security =
    tls === undefined
      ? {}
      : transportSocket("DownstreamTlsContext", tls, { require_client_certificate: true });
  return { address: at(port), filter_chains: [{ filters: [filter], ...security }] };
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
