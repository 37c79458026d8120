import type { PeerIdentity } from "./peer-certificate.ts";

/** What the TLS of a client connection has shown. */
export type PeerTls = {
  /** The name that the client asked for (SNI), as it sent it. "": none. */
  readonly serverName: string;
  /** Who the client is, verified. undefined: it has shown no certificate. */
  readonly identity: PeerIdentity | undefined;
  /** The intentions of Consul's mesh say what it may: see ListenerTls.intentions. */
  readonly isJudged: boolean;
  /** X-Forwarded-Client-Cert as a field line. "": nothing is said. */
  readonly clientCert: string;
  /**
   * Whether a request for this host may come this way: no other certificate of the listener would
   * be the one for it. `host`: in lower case, without port.
   */
  isFor(host: string): boolean;
  /**
   * Whether the connection has outlived its certificate, or the roots of its client, for long
   * enough. Asked once a second. `nowMs`: monotonic.
   */
  isOutdated(nowMs: number): boolean;
};

/** One end of a TCP connection: an IP address and a port. */
export type IpPlace = { readonly address: string; readonly port: number };

/** Both ends of a connection as its client made it, perhaps to a balancer before us. */
export type ConnectionEnds = { readonly source: IpPlace; readonly destination: IpPlace };

/** Who is at the other end of a client connection. */
export type Peer = {
  /** IP address as text. "": it has none, at a Unix socket, or has already gone. */
  readonly address: string;
  /** Its X-Forwarded-* fields are believed. */
  readonly trusted: boolean;
  /** Absent: the connection is in clear. */
  readonly tls?: PeerTls | undefined;
  /** Absent: it has none, or nobody asks for them. */
  readonly ends?: ConnectionEnds | undefined;
};
