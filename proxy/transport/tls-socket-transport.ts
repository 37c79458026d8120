import type { Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import { nodeTls } from "../base/node-tls.ts";
import { CHAIN_TOO_LONG, isChainTooLong, sentChain } from "../base/peer-chain.ts";
import { SocketTransport } from "./socket-transport.ts";
import { HandshakeAbortedError } from "./tls-errors.ts";
import type { TlsClientSide, TlsFacts, TlsServerSide } from "./tls-facts.ts";
import type { TransportHandler } from "./transport.ts";

/** Decides whether the peer is accepted. */
type Judge = { judge(facts: TlsFacts): Error | undefined };

/** Stands for a verdict if this Node does not tell whether a certificate verifies. */
const NOT_TOLD = "VERIFICATION_NOT_TOLD";

/**
 * TLS on tls.TLSSocket, for a Node whose TLSWrap we do not know; it is a quarter slower. Like
 * TlsTransport, it calls onConnect when the peer was judged.
 */
export class TlsSocketTransport extends SocketTransport {
  /** TLSSocket does not distinguish close_notify from FIN. */
  override readonly endIsProven: boolean = false;
  override readonly staysHere: boolean = true;
  readonly #tls: TLSSocket;
  readonly #below: Socket;
  readonly #judge: Judge;
  #isOpen = false;

  /** See acceptTls(). */
  static accept(
    socket: Socket,
    side: TlsServerSide,
    handler: TransportHandler,
    read?: Buffer,
  ): TlsSocketTransport {
    if (read !== undefined) socket.unshift(read);
    const { TLSSocket: Over } = nodeTls();
    const tls = new Over(socket, {
      isServer: true,
      secureContext: side.context as SecureContext,
      requestCert: side.clientCert !== "none",
      rejectUnauthorized: side.clientCert === "require",
      ...(side.alpn.length > 0 && { ALPNProtocols: side.alpn }),
      SNICallback: (name, done) => done(null, side.contextFor(name) as SecureContext | undefined),
    });
    return new TlsSocketTransport(tls, socket, side, handler);
  }

  /** See connectTransport(). */
  static connect(
    socket: Socket,
    side: TlsClientSide,
    handler: TransportHandler,
  ): TlsSocketTransport {
    const tls = nodeTls().connect({
      socket,
      secureContext: side.context as SecureContext,
      ...(side.serverName === "" ? {} : { servername: side.serverName }),
      ...(side.session === undefined ? {} : { session: side.session }),
      ...(side.alpn.length > 0 && { ALPNProtocols: side.alpn }),
      // `judge` decides instead.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    tls.on("session", (session: Buffer) => side.onSession(session));
    return new TlsSocketTransport(tls, socket, side, handler);
  }

  private constructor(tls: TLSSocket, below: Socket, judge: Judge, handler: TransportHandler) {
    super(tls, handler, "secure");
    this.#tls = tls;
    this.#below = below;
    this.#judge = judge;
    tls.on("end", () => {
      if (!this.#isOpen) tls.destroy(new HandshakeAbortedError());
    });
  }

  override get whole(): boolean {
    return this.#isOpen && super.whole;
  }

  /** TLSSocket's own reset throws. */
  override reset(): void {
    if (this.#below.remoteAddress === undefined) this.#tls.destroy();
    else this.#below.resetAndDestroy();
  }

  protected override onConnected(): void {
    if (this.#isOpen) return;
    const problem = this.#judge.judge(factsOf(this.#tls));
    this.#isOpen = problem === undefined;
    if (this.#isOpen) this.handler.onConnect();
    else this.#tls.destroy(problem);
  }
}

function factsOf(tls: TLSSocket): TlsFacts {
  const { servername } = tls as unknown as { servername?: string | false };
  const peer = tls.getPeerX509Certificate();
  return {
    serverName: servername || "",
    protocol: tls.getProtocol() ?? "",
    alpn: tls.alpnProtocol || "",
    resumed: tls.isSessionReused(),
    peerDer: peer?.raw,
    chainError: isChainTooLong(sentChain(peer)) ? CHAIN_TOO_LONG : chainErrorOf(tls),
  };
}

/** Node does not tell a server's socket by itself: only tls.Server asks. */
function chainErrorOf(tls: TLSSocket): string | undefined {
  type Handle = { verifyError?: () => NodeJS.ErrnoException | null };
  const { _handle: handle } = tls as unknown as { _handle?: Handle };
  if (handle?.verifyError === undefined) return NOT_TOLD;
  return handle.verifyError()?.code;
}
