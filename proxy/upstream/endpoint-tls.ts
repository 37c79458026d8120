import type { Clock } from "../base/clock.ts";
import type { UpstreamTls } from "../table/tls.ts";
import { wantedPeer } from "../table/wanted-peer.ts";
import { ClientHandshake } from "../transport/client-handshake.ts";
import { connectTransport, failedTransport } from "../transport/open-transport.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { TlsContexts, UpstreamContext } from "../transport/tls-contexts.ts";
import { TlsUnconfiguredError } from "../transport/tls-errors.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
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
  /** They carry anything, and no protocol is named. */
  #isTcp = false;
  /** undefined with TLS: a certificate or roots are missing. */
  #context: UpstreamContext | undefined;

  /** `tls`, `isTcp`: see follow(). */
  constructor(deps: EndpointTlsDeps, tls?: UpstreamTls, isTcp?: boolean) {
    this.#deps = deps;
    this.follow(tls, isTcp);
  }

  /** Whether a connection was made by something else, and must not be used again. */
  isOld({ madeBy }: { readonly madeBy: object }): boolean {
    return madeBy !== this.current;
  }

  /**
   * Follows a service's TLS, and what there is of certificates and roots. `isTcp`: it is not HTTP
   * that is spoken. Returns whether connections made before must not be used again.
   */
  follow(tls: UpstreamTls | undefined, isTcp = false): boolean {
    const context = tls === undefined ? undefined : this.#deps.contexts.forUpstream(tls);
    const isSame =
      context === this.#context &&
      isTcp === this.#isTcp &&
      JSON.stringify(tls) === JSON.stringify(this.#tls);
    this.#tls = tls;
    this.#isTcp = isTcp;
    this.#context = context;
    if (!isSame) this.current = {};
    return !isSame;
  }

  /** Opens a connection; onConnect or onClose follows. */
  dial(endpoint: Endpoint, handler: Dialler): Transport {
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
      namesNoProtocol: this.#isTcp || endpoint.snapshot.san !== undefined,
      insecure: tls.insecure,
      madeBy: this.current,
      place: endpoint,
      wallMs: () => clock.wallMs(),
    });
    return connectTransport(target, buffers, handler, side);
  }
}
