import type { Clock } from "../base/clock.ts";
import type { UpstreamProtocol, UpstreamTls } from "../table/tls.ts";
import { wantedPeer } from "../table/wanted-peer.ts";
import { ClientHandshake } from "../transport/client-handshake.ts";
import { connectTransport, failedTransport } from "../transport/open-transport.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { TlsContexts, UpstreamContext } from "../transport/tls-contexts.ts";
import { TlsUnconfiguredError } from "../transport/tls-errors.ts";
import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import type { Endpoint } from "./endpoint.ts";

/** What connections to endpoints are made with. */
export type EndpointTlsDeps = {
  readonly contexts: TlsContexts;
  readonly buffers: ReadBuffers;
  readonly clock: Pick<Clock, "wallMs">;
};

/** Who hears of a connection, and for whom it is: see UpstreamUser. */
type Dialler = TransportHandler & {
  readonly user?: { readonly preface?: string | undefined } | undefined;
};

/** How connections to the endpoints of one version are made: in clear, or over TLS. */
export class EndpointTls {
  /** What they are made by now: another object when what was made before is of no use any more. */
  current: object = {};
  readonly #deps: EndpointTlsDeps;
  /** undefined: they are in clear. */
  #tls: UpstreamTls | undefined;
  #protocol: UpstreamProtocol | "tcp" = "http/1.1";
  /** undefined with TLS: a certificate or roots are missing. */
  #context: UpstreamContext | undefined;

  /** `tls`, `protocol`: see follow(). */
  constructor(deps: EndpointTlsDeps, tls?: UpstreamTls, protocol?: UpstreamProtocol | "tcp") {
    this.#deps = deps;
    this.follow(tls, protocol);
  }

  /** How endpoints are reached, as a URI would say. */
  get scheme(): "http" | "https" {
    return this.#tls === undefined ? "http" : "https";
  }

  /** Connections may carry streams: of HTTP/2, unless the endpoint chooses otherwise. */
  get carriesStreams(): boolean {
    return this.#protocol === "h2" || this.mayChoose;
  }

  /** The endpoint chooses a protocol. In clear it cannot: HTTP/1.1 is what everybody speaks. */
  get mayChoose(): boolean {
    return this.#protocol === "auto" && this.#tls !== undefined;
  }

  /** Whether a connection was made by something else, and must not be used again. */
  isOld({ madeBy }: { readonly madeBy: object }): boolean {
    return madeBy !== this.current;
  }

  /**
   * Follows a service's TLS and protocol, and what there is of certificates and roots. `tcp`: it is
   * not HTTP that is spoken. Returns whether connections made before must not be used again.
   */
  follow(tls: UpstreamTls | undefined, protocol: UpstreamProtocol | "tcp" = "http/1.1"): boolean {
    const context = tls === undefined ? undefined : this.#deps.contexts.forUpstream(tls);
    const isSame =
      context === this.#context &&
      protocol === this.#protocol &&
      JSON.stringify(tls) === JSON.stringify(this.#tls);
    this.#protocol = protocol;
    this.#tls = tls;
    this.#context = context;
    if (!isSame) this.current = {};
    return !isSame;
  }

  /** Opens a connection; onConnect or onClose follows. */
  dial(endpoint: Endpoint, handler: Dialler): WireTransport {
    const { buffers, clock } = this.#deps;
    const preface = handler.user?.preface;
    const target = preface === undefined ? endpoint.target : { ...endpoint.target, preface };
    const tls = this.#tls;
    if (tls === undefined) return connectTransport(target, buffers, handler);
    const context = this.#context?.context;
    if (context === undefined) return failedTransport(new TlsUnconfiguredError(), handler);
    const side = new ClientHandshake({
      context,
      peer: wantedPeer(tls, endpoint.snapshot),
      protocol: this.#protocol === "tcp" ? "http/1.1" : this.#protocol,
      namesNoProtocol: this.#namesNoProtocol(endpoint),
      insecure: tls.insecure,
      madeBy: this.current,
      place: endpoint,
      wallMs: () => clock.wallMs(),
    });
    return connectTransport(target, buffers, handler, side);
  }

  /** In a mesh both sides know what is spoken, and servers may refuse whoever names it. */
  #namesNoProtocol({ snapshot: { san } }: Endpoint): boolean {
    return this.#protocol === "tcp" || (san !== undefined && this.#protocol !== "h2");
  }
}
