import type { ListenerSnapshot } from "../table/snapshot.ts";
import type { ListenerTls } from "../table/tls.ts";
import { closeAccepted } from "../transport/open-transport.ts";
import type { Peer, PeerTls } from "../transport/peer.ts";
import type { WireTransport } from "../transport/transport.ts";
import type { ClientDeps } from "./client-deps.ts";
import { Handshake } from "./handshake.ts";
import type { HandshakeOwner, Newcomer } from "./handshake.ts";
import type { Arrival } from "./open-client.ts";
import type { HandshakeRefusal } from "./handshake-refusal.ts";
import { ShownTls } from "./shown-tls.ts";
import type { Shown } from "./shown-tls.ts";

/** Where those go who have shaken hands. */
export type Entrance = (
  transport: WireTransport,
  peer: Peer,
  protocol: Arrival["protocol"],
) => void;

/**
 * The door of a listener that speaks TLS: who comes shakes hands there before becoming a client. So
 * many at once that their work cannot keep the worker from everybody else.
 */
export class TlsDoor implements HandshakeOwner {
  readonly speaksHttp: boolean;
  readonly protocols: ListenerSnapshot["protocols"];
  readonly #bind: string;
  readonly #tls: ListenerTls;
  readonly #deps: ClientDeps;
  readonly #enter: Entrance;
  #open = 0;

  constructor(
    { bind, tcp, protocols }: ListenerSnapshot,
    tls: ListenerTls,
    deps: ClientDeps,
    enter: Entrance,
  ) {
    this.speaksHttp = tcp === undefined;
    this.#bind = bind;
    this.protocols = protocols;
    this.#tls = tls;
    this.#deps = deps;
    this.#enter = enter;
  }

  /** Shakes hands, or closes the connection and counts why. */
  knock(newcomer: Newcomer): void {
    const contexts = this.#deps.contexts.forListener(this.#bind, this.#tls);
    if (contexts === undefined) return this.#turnAway(newcomer, "tls-unconfigured");
    if (this.#open >= this.#tls.handshakesMax) {
      return this.#turnAway(newcomer, "tls-handshakes-full");
    }
    this.#open += 1;
    this.#deps.connections.shaking += 1;
    void new Handshake(newcomer, this.#tls, contexts, this.#deps, this);
    return undefined;
  }

  show(shown: Shown): PeerTls {
    const { contexts: now, random } = this.#deps;
    return new ShownTls(shown, { bind: this.#bind, tls: this.#tls, now, random });
  }

  onShaken(transport: WireTransport, peer: Peer, agreed: string): void {
    this.#enter(transport, peer, this.#protocolOf(agreed));
    this.#ended();
  }

  onRefused(refusal: HandshakeRefusal, { address }: Peer, detail: string): void {
    this.#deps.refusals.handshake(refusal, { bind: this.#bind, client: address, detail });
    this.#ended();
  }

  /** Who agrees on nothing speaks HTTP/1.1, but in the mesh first bytes tell (RFC 9113 3.2). */
  #protocolOf(agreed: string): Arrival["protocol"] {
    if (agreed === "h2") return "h2";
    const isOpen = agreed === "" && (this.#tls.intentions || !this.protocols.includes("http/1.1"));
    return isOpen ? undefined : "http/1.1";
  }

  #turnAway({ accepted, peer }: Newcomer, refusal: HandshakeRefusal): void {
    closeAccepted(accepted);
    const isWhole = refusal !== "tls-unconfigured";
    const detail = isWhole ? "" : this.#deps.contexts.missing(this.#tls).join(", ");
    this.#deps.refusals.handshake(refusal, { bind: this.#bind, client: peer.address, detail });
  }

  #ended(): void {
    this.#open -= 1;
    this.#deps.connections.shaken();
  }
}
