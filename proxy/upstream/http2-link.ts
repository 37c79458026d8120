import type { LocalFaults } from "../base/local-faults.ts";
import { Http2Connection } from "../http2/connection.ts";
import type { Http2Owner } from "../http2/connection-core.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import { TransportSink } from "../transport/transport-sink.ts";
import { connectFailureAt, NoHttp2Error } from "./connect-failure.ts";
import type { ConnectFailure } from "./connect-failure.ts";
import type { EndpointTls } from "./endpoint-tls.ts";
import type { Endpoint } from "./endpoint.ts";

/** What a link is made with. */
export type Http2LinkDeps = {
  readonly endpoint: Endpoint;
  readonly buffers: ReadBuffers;
  readonly wheel: { readonly nowMs: number };
  readonly faults: LocalFaults;
  readonly tls: Pick<EndpointTls, "dial" | "mayChoose" | "scheme">;
};

/** Whose link it is. */
export interface LinkOwner extends Http2Owner {
  /** The endpoint has chosen HTTP/1.1: the transport is the owner's, and the link is over. */
  onDeclined(transport: WireTransport): void;
  /** It has closed. `failure`: why there never was one that stood; undefined: there was. */
  onLinkClosed(failure: ConnectFailure | undefined): void;
}

/** A connection to an endpoint with HTTP/2 on it, from the dial to the last byte. */
export class Http2Link implements TransportHandler {
  /** undefined: it is not there yet. */
  http2: Http2Connection | undefined;
  /** The endpoint's SETTINGS have come. Set by the owner. */
  stands = false;
  /** It takes too long. Set by the owner, who destroys it then. */
  isLate = false;
  readonly #deps: Http2LinkDeps;
  readonly #owner: LinkOwner;
  readonly #transport: WireTransport;
  #error: Error | undefined;

  constructor(deps: Http2LinkDeps, owner: LinkOwner) {
    this.#deps = deps;
    this.#owner = owner;
    this.#transport = deps.tls.dial(deps.endpoint, this);
  }

  /** It is closed, or the endpoint takes nothing new. */
  get gone(): boolean {
    return this.#transport.closed || this.http2?.peerLeaves === true;
  }

  /** Ends it at once. */
  destroy(): void {
    this.#transport.destroy();
  }

  onConnect(): void {
    const { tls, buffers, wheel } = this.#deps;
    if (this.#isDeclined) {
      if (tls.mayChoose) return this.#owner.onDeclined(this.#transport);
      return this.#fail();
    }
    const sink = new TransportSink(this.#transport, buffers.writes, () => this.http2?.flush());
    this.http2 = new Http2Connection("client", sink, this.#owner, wheel.nowMs);
    return this.http2.begin();
  }

  onData(bytes: Buffer, end: number): void {
    this.http2?.receive(bytes, 0, end);
  }

  onEnd(): void {
    this.#fail();
  }

  onFlushed(): void {
    this.http2?.onFlushed();
  }

  onClose(error: Error | undefined): void {
    this.http2?.onClosed();
    this.#owner.onLinkClosed(this.stands ? undefined : this.#failureOf(this.#error ?? error));
  }

  /** The endpoint breaks the protocol: what it speaks is another, if it has not stood yet. */
  onBroken(): void {
    this.#fail();
  }

  #fail(): void {
    if (!this.stands) this.#error ??= new NoHttp2Error();
    this.destroy();
  }

  /** In the mesh everybody knows by himself what is spoken, and in clear nobody is asked. */
  get #isDeclined(): boolean {
    const { endpoint, tls } = this.#deps;
    const isKnown = tls.scheme === "http" || endpoint.agreed === "h2";
    return !isKnown && (tls.mayChoose || endpoint.snapshot.san === undefined);
  }

  #failureOf(error: Error | undefined): ConnectFailure {
    if (this.isLate) return "timeout";
    return connectFailureAt(error, this.#deps.endpoint.address, this.#deps.faults);
  }
}
