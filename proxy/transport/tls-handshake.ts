import type { StreamHandle } from "./stream-handles.ts";
import { isPlainHttp } from "./tls-errors.ts";
import type { TlsClientSide, TlsServerSide } from "./tls-facts.ts";
import { greet, serve, tlsFactsOf, wrapTls } from "./tls-handles.ts";
import type { TlsHandle } from "./tls-handles.ts";

/** One side of a handshake. */
export type TlsSide = { readonly server: TlsServerSide } | { readonly client: TlsClientSide };

/** Our side of the handshake that begins a connection, up to the verdict on the peer. */
export class TlsHandshake {
  /** Whether the peer has been judged. */
  isOver = false;
  /** Whether OpenSSL has finished. */
  #isShaken = false;
  /** undefined: it is no longer needed. */
  #side: TlsSide | undefined;
  /** Whether we opened the connection. */
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

  /** Begins the handshake, and reading. `read`: what was already read of the connection. */
  begin(tls: TlsHandle, read: Buffer | undefined): void {
    const side = this.#side;
    if (side !== undefined && "client" in side) greet(tls, side.client);
    else if (side !== undefined) serve(tls, side.server, read);
  }

  /**
   * OpenSSL has finished; in TLS 1.2 it says so again after a renegotiation that was refused. This
   * runs on OpenSSL's stack, so `then` is called later.
   */
  shaken(then: () => void): void {
    if (this.#isShaken) return;
    this.#isShaken = true;
    setImmediate(then);
  }

  /** Whether the peer can be judged and has not been. */
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

  /** What to tell a client in clear after OpenSSL stopped with this error. "": nothing. */
  answerTo(error: NodeJS.ErrnoException): string {
    const side = this.#side;
    const isPlain = isPlainHttp(error) && side !== undefined && "server" in side;
    return isPlain ? side.server.plainAnswer : "";
  }
}
