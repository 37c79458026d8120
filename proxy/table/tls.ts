/**
 * What TLS needs, as plain data from control/ to proxy/. Listeners and services name certificates
 * and roots by ids; only TlsMaterial has the bytes, and it travels over IPC alone.
 */

/** A certificate chain with its private key. */
export type TlsIdentity = {
  /** Names a use, such as `file:/etc/tls/shop.pem` or `connect:web`; never a secret. */
  readonly id: string;
  /** The chain in PEM, leaf first. */
  readonly certPem: string;
  /** The leaf's private key in PEM. */
  readonly keyPem: string;
  /** For which SNI it stands, in lower case: exact names and `*.` wildcards. Empty: for none. */
  readonly names: readonly string[];
};

/** Roots that peers are verified against. */
export type TlsTrust = {
  /** Such as `ca:/etc/tls/mesh-ca.pem` or `connect:roots`. */
  readonly id: string;
  /** One or more certificates in PEM. */
  readonly pem: string;
};

/** All certificates, keys and roots that a worker holds. Always sent whole. */
export type TlsMaterial = {
  readonly identities: readonly TlsIdentity[];
  readonly trusts: readonly TlsTrust[];
  /**
   * Each is the base64 of 48 random bytes, as OpenSSL takes them: 16 name it, 16 authenticate, 16
   * encrypt. The first one seals new session tickets, the others still open old ones.
   */
  readonly ticketKeys: readonly string[];
};

/** How a listener speaks TLS. */
export type ListenerTls = {
  /** Ids of its certificates, at least one. The first serves unknown and absent SNI. */
  readonly identities: readonly string[];
  readonly minVersion: "1.2" | "1.3";
  /** request: a client may come without a certificate, but not with one that does not verify. */
  readonly clientCert: "none" | "request" | "require";
  /** Id of the roots of client certificates. undefined: none are asked for. */
  readonly trust: string | undefined;
  /** Clients are services of Consul's mesh, and may what its intentions say. */
  readonly intentions: boolean;
  /** set: who a verified client is, is forwarded in X-Forwarded-Client-Cert. */
  readonly forwardClientCert: "off" | "set";
  /** Handshakes under way at once in one worker; a connection above this is closed. */
  readonly handshakesMax: number;
  /**
   * How long a connection may go on, in ms, after its certificate or the roots of its client have
   * been replaced. 0: as long as it likes.
   */
  readonly replacedMaxAgeMs: number;
};

/** How connections to a service's endpoints speak TLS. */
export type UpstreamTls = {
  /** Id of the roots that endpoints are verified against. undefined: the system's. */
  readonly trust: string | undefined;
  /** Id of our client certificate. undefined: we have none. */
  readonly identity: string | undefined;
  /** SNI, and the name that is verified unless `sans` are. undefined: the endpoint's host. */
  readonly serverName: string | undefined;
  /** URI or DNS SANs, one of which the certificate must have. Empty: the name is verified. */
  readonly sans: readonly string[];
  /** Nothing is verified: whoever answers is believed. */
  readonly insecure: boolean;
};

/** What a worker has before it is told anything. */
export const NO_TLS_MATERIAL: TlsMaterial = { identities: [], trusts: [], ticketKeys: [] };

/** Ids that a listener needs and `material` lacks: nobody must be served without them. */
export function missingIds(
  tls: ListenerTls,
  { identities, trusts }: Pick<TlsMaterial, "identities" | "trusts">,
): string[] {
  const known = new Set([...identities, ...trusts].map(({ id }) => id));
  const needed = tls.trust === undefined ? tls.identities : [...tls.identities, tls.trust];
  return needed.filter((id) => !known.has(id));
}

/** What a service's endpoints are spoken to in. auto: over TLS what they choose, else HTTP/1.1. */
export type UpstreamProtocol = "http/1.1" | "h2" | "auto";
