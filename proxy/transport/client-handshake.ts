import { nodeCrypto } from "../base/node-tls.ts";
import type { UpstreamProtocol } from "../table/tls.ts";
import type { WantedPeer } from "../table/wanted-peer.ts";
import { serverNameOf } from "../table/wanted-peer.ts";
import { serverProblem } from "./peer-certificate.ts";
import { alpnWire } from "./tls-facts.ts";
import type { TlsClientSide, TlsFacts } from "./tls-facts.ts";

/** What we offer, in the order of our preference. */
const ALPN: Readonly<Record<UpstreamProtocol, Buffer>> = {
  "http/1.1": alpnWire("http/1.1"),
  h2: alpnWire("h2"),
  auto: alpnWire("h2", "http/1.1"),
};

/** Consul's built-in proxy names "h2" alone, speaks what its service does, and refuses others. */
const NO_ALPN = Buffer.alloc(0);

/** A session that the next connection to the same server can resume. */
export type KeptSession = {
  readonly session: Buffer;
  /** What the connection was made by: it is of no use to one that is made by anything else. */
  readonly madeBy: object;
  /** The end of the server's certificate, as wall clock in ms: nobody sees that again. */
  readonly untilMs: number;
};

/** Where a server's session is kept: one at a time, of at most 10 KiB. */
export type SessionPlace = {
  session: KeptSession | undefined;
  /** What was agreed on by ALPN in the last handshake. "": nothing. undefined: there was none. */
  agreed?: string | undefined;
};

/** How a handshake is made. */
export type ClientHandshakeDeps = {
  readonly context: object;
  readonly peer: WantedPeer;
  readonly protocol: UpstreamProtocol;
  /** Both sides know the protocol by themselves, as in a mesh. */
  readonly namesNoProtocol: boolean;
  /** Whoever answers is believed. */
  readonly insecure: boolean;
  /** See KeptSession.madeBy. */
  readonly madeBy: object;
  readonly place: SessionPlace;
  readonly wallMs: () => number;
};

/** Our side of the handshake with one server: whom to expect there, and its session. */
export class ClientHandshake implements TlsClientSide {
  readonly alpn: Buffer;
  readonly serverName: string;
  readonly session: Buffer | undefined;
  readonly #deps: ClientHandshakeDeps;
  readonly #resumed: KeptSession | undefined;
  /** Sessions are kept until then. undefined: the server has not been judged. */
  #untilMs: number | undefined;
  /** In TLS 1.2 it comes before the verdict. */
  #early: Buffer | undefined;

  constructor(deps: ClientHandshakeDeps) {
    const { peer, place, protocol, madeBy, wallMs } = deps;
    this.#deps = deps;
    this.alpn = deps.namesNoProtocol ? NO_ALPN : ALPN[protocol];
    this.serverName = serverNameOf(peer) ?? "";
    const kept = place.session;
    const isFit = kept?.madeBy === madeBy && kept.untilMs > wallMs();
    this.#resumed = isFit ? kept : undefined;
    this.session = this.#resumed?.session;
  }

  get context(): object {
    return this.#deps.context;
  }

  judge(facts: TlsFacts): Error | undefined {
    const { insecure, peer, place, wallMs } = this.#deps;
    const problem = insecure ? undefined : serverProblem(facts, peer, wallMs());
    if (problem !== undefined) {
      place.session = undefined;
      return problem;
    }
    place.agreed = facts.alpn;
    this.#untilMs = facts.resumed ? (this.#resumed?.untilMs ?? 0) : endOf(facts.peerDer);
    if (this.#early !== undefined) this.onSession(this.#early);
    return undefined;
  }

  onSession(session: Buffer): void {
    const { place, madeBy } = this.#deps;
    if (this.#untilMs === undefined) this.#early = session;
    else place.session = { session, madeBy, untilMs: this.#untilMs };
  }
}

function endOf(der: Buffer | undefined): number {
  if (der === undefined) return 0;
  const { X509Certificate } = nodeCrypto();
  return new X509Certificate(der).validToDate.getTime();
}
