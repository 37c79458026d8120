import type { StreamHandle } from "./stream-handles.ts";
import { isPlainHttp } from "./tls-errors.ts";
import type { TlsClientSide, TlsServerSide } from "./tls-facts.ts";
import { greet, serve, tlsFactsOf, wrapTls } from "./tls-handles.ts";
import type { TlsHandle } from "./tls-handles.ts";

/** Whose side of a handshake this is. */
export type TlsSide = { readonly server: TlsServerSide } | { readonly client: TlsClientSide };

/** One side of the handshake at the beginning of a connection, up to the verdict on the peer. */
export class TlsHandshake {
  /** The peer was judged. */
  isOver = false;
  /** OpenSSL is through with it. */
  #isShaken = false;
  /** undefined: it is not needed any more. */
  #side: TlsSide | undefined;
  /** We have opened the connection. */
  readonly isOurs: boolean;

  constructor(side: TlsSide) {
    this.#side = side;
    this.isOurs = "client" in side;
  }

  /** Puts TLS above the connection. */
  wrap(below: StreamHandle): TlsHandle {
    const side = this.#side;
    if (side === undefined) throw new Error("Cannot begin a handshake: wanted a new one");
    return "server" in side
      ? wrapTls(below, side.server.context, true)
      : wrapTls(below, side.client.context, false);
  }

  /** Begins, and reads. `read`: what was read of the connection before. */
  begin(tls: TlsHandle, read: Buffer | undefined): void {
    const side = this.#side;
    if (side !== undefined && "client" in side) greet(tls, side.client);
    else if (side !== undefined) serve(tls, side.server, read);
  }

  /**
   * OpenSSL is through with it; in TLS 1.2 it says so again after a renegotiation that was refused.
   * This is its stack: `then` is called later.
   */
  shaken(then: () => void): void {
    if (this.#isShaken) return;
    this.#isShaken = true;
    setImmediate(then);
  }

  /** The peer can be judged, and has not been. */
  get isDue(): boolean {
    return this.#isShaken && !this.isOver;
  }

  /** Asks whether the peer may come. */
  judge(tls: TlsHandle): Error | undefined {
    const side = this.#side;
    this.isOver = true;
    this.#side = undefined;
    if (side === undefined) return undefined;
    return "server" in side
      ? side.server.judge(tlsFactsOf(tls, side.server.clientCert !== "none"))
      : side.client.judge(tlsFactsOf(tls, true));
  }

  /** What a client hears in clear when OpenSSL has stopped for this reason. "": nothing. */
  answerTo(error: NodeJS.ErrnoException): string {
    const side = this.#side;
    const isPlain = isPlainHttp(error) && side !== undefined && "server" in side;
    return isPlain ? side.server.plainAnswer : "";
  }
}
