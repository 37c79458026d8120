/** What a handshake has shown, on either side of it. */
export type TlsFacts = {
  /** The name that the client asked for (SNI), as it sent it. "": none. */
  readonly serverName: string;
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** What was agreed on (ALPN). "": nothing. */
  readonly alpn: string;
  /** By a ticket of an earlier connection: no certificate was sent, and none verified. */
  readonly resumed: boolean;
  /**
   * The peer's certificate in DER; a server gets that of the earlier connection if resumed.
   * undefined: none.
   */
  readonly peerDer: Buffer | undefined;
  /**
   * Why its chain does not verify, as OpenSSL calls it (`CERT_HAS_EXPIRED`), when it was sent;
   * CHAIN_TOO_LONG, whatever is in it, when it is longer than we take. undefined: it does.
   */
  readonly chainError: string | undefined;
};

/** A server's side of handshakes, as a connection needs it. */
export interface TlsServerSide {
  readonly context: object;
  /**
   * Protocols in the order of our preference, as ALPN has them on the wire. Empty: whatever the
   * client names is ignored.
   */
  readonly alpn: Buffer;
  /** What is asked of the client. */
  readonly clientCert: "none" | "request" | "require";
  /** What a client hears that speaks HTTP in clear, as latin1. "": nothing. */
  readonly plainAnswer: string;
  /** Whether `contextFor` must be asked. */
  readonly choosesByName: boolean;
  /** The context for this name. undefined: `context`. */
  contextFor(serverName: string): object | undefined;
  /** Whether the client is one that may come; an error ends the connection. */
  judge(facts: TlsFacts): Error | undefined;
}

/** A client's side of one handshake. */
export interface TlsClientSide {
  readonly context: object;
  /** Empty: nothing is offered. */
  readonly alpn: Buffer;
  /** What to ask for (SNI). "": nothing, as for an IP address (RFC 6066 section 3). */
  readonly serverName: string;
  /** Resumes this session of an earlier connection. undefined: none. */
  readonly session: Buffer | undefined;
  /** Takes a session for later connections. */
  onSession(session: Buffer): void;
  /** Whether the server is who it should be; an error ends the connection. */
  judge(facts: TlsFacts): Error | undefined;
}

/** Names of protocols as ALPN has them on the wire (RFC 7301 section 3.1). */
export function alpnWire(...names: readonly string[]): Buffer {
  return Buffer.concat(names.map((name) => Buffer.from([name.length, ...Buffer.from(name)])));
}
