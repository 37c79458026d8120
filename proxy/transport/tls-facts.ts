/** What a handshake has shown to either side. */
export type TlsFacts = {
  /** The name that the client asked for (SNI), as sent. "": none. */
  readonly serverName: string;
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** The protocol agreed on (ALPN). "": none. */
  readonly alpn: string;
  /** Resumed with a ticket of an earlier connection: no certificate was sent or verified. */
  readonly resumed: boolean;
  /**
   * The peer's certificate in DER; if resumed, a server gets that of the earlier connection.
   * undefined: none.
   */
  readonly peerDer: Buffer | undefined;
  /**
   * Why its chain did not verify when it was sent, as OpenSSL calls it (`CERT_HAS_EXPIRED`);
   * CHAIN_TOO_LONG, whatever is in it, if it is longer than we accept. undefined: it did.
   */
  readonly chainError: string | undefined;
};

/** What a connection needs for a server's side of the handshake. */
export interface TlsServerSide {
  readonly context: object;
  /**
   * Protocols in our order of preference, in ALPN's wire format. Empty: whatever the client names
   * is ignored.
   */
  readonly alpn: Buffer;
  /** Whether a certificate is asked of the client. */
  readonly clientCert: "none" | "request" | "require";
  /** What a client is told that speaks HTTP in clear, as latin1. "": nothing. */
  readonly plainAnswer: string;
  /** Whether the context depends on the name: see `contextFor`. */
  readonly choosesByName: boolean;
  /** The context for this name. undefined: `context`. */
  contextFor(serverName: string): object | undefined;
  /** Decides whether the client is accepted; an error ends the connection. */
  judge(facts: TlsFacts): Error | undefined;
}

/** What a connection needs for a client's side of the handshake. */
export interface TlsClientSide {
  readonly context: object;
  /** Empty: nothing is offered. */
  readonly alpn: Buffer;
  /** What to ask for (SNI). "": nothing, as for an IP address (RFC 6066 section 3). */
  readonly serverName: string;
  /** A session of an earlier connection to resume. undefined: none. */
  readonly session: Buffer | undefined;
  /** Takes a session for later connections. */
  onSession(session: Buffer): void;
  /** Decides whether the server is the right one; an error ends the connection. */
  judge(facts: TlsFacts): Error | undefined;
}

/** Names of protocols in ALPN's wire format (RFC 7301 section 3.1). */
export function alpnWire(...names: readonly string[]): Buffer {
  return Buffer.concat(names.map((name) => Buffer.from([name.length, ...Buffer.from(name)])));
}
