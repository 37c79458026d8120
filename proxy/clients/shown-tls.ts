import type { ListenerTls } from "../table/tls.ts";
import type { PeerIdentity } from "../transport/peer-certificate.ts";
import type { PeerTls } from "../transport/peer.ts";
import type { ServerContexts, ServerIdentity, TlsContexts } from "../transport/tls-contexts.ts";
import { clientCertField } from "./client-cert-field.ts";
import type { ClientDeps } from "./client-deps.ts";

/**
 * By how much of replacedMaxAgeMs a connection may end before that, so that not all come back at
 * once.
 */
const JITTER = 0.2;

/** What the two sides of a handshake have shown each other. */
export type Shown = {
  /** See PeerTls. */
  readonly serverName: string;
  readonly own: ServerIdentity;
  /** Verified. undefined: the client has shown no certificate. */
  readonly client: PeerIdentity | undefined;
  /** What the listener had then. */
  readonly contexts: ServerContexts;
};

/** Where it was shown. */
export type ShownAt = {
  readonly bind: string;
  readonly tls: ListenerTls;
  readonly now: TlsContexts;
  readonly random: ClientDeps["random"];
};

/** What the TLS of a client has shown, and whether that still holds. */
export class ShownTls implements PeerTls {
  readonly serverName: string;
  readonly identity: PeerIdentity | undefined;
  readonly isJudged: boolean;
  readonly clientCert: string;
  readonly #shown: Shown;
  readonly #at: ShownAt;
  /** When its connection must end, in monotonic milliseconds. undefined: need not. */
  #endMs: number | undefined;

  constructor(shown: Shown, at: ShownAt) {
    const { client, own, serverName } = shown;
    const { forwardClientCert, intentions } = at.tls;
    this.serverName = serverName;
    this.identity = client;
    this.isJudged = intentions;
    const isTold = client !== undefined && forwardClientCert === "set";
    this.clientCert = isTold ? clientCertField(own.uris, client) : "";
    this.#shown = shown;
    this.#at = at;
  }

  isFor(host: string): boolean {
    const { contexts, own } = this.#shown;
    if (!contexts.choosesByName) return true;
    return contexts.pick(host) === own || own.names.has(host);
  }

  isOutdated(nowMs: number): boolean {
    const { bind, now, random, tls } = this.#at;
    const maxAgeMs = tls.replacedMaxAgeMs;
    if (maxAgeMs === 0 || now.isCurrent(bind, this.#shown.contexts)) return false;
    this.#endMs ??= nowMs + maxAgeMs * (1 - JITTER * random.next());
    return nowMs >= this.#endMs;
  }
}
