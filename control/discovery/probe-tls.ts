import type { Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import { nodeTls } from "../../proxy/base/node-tls.ts";
import { CHAIN_TOO_LONG, isChainTooLong, sentChain } from "../../proxy/base/peer-chain.ts";
import { isWantedPeer, serverNameOf } from "../../proxy/table/wanted-peer.ts";
import type { WantedPeer } from "../../proxy/table/wanted-peer.ts";

/** How a probe speaks TLS: as requests to the same endpoint do. */
export type ProbeTls = {
  /** undefined: a certificate or roots are missing, and the probe fails. */
  readonly context: SecureContext | undefined;
  readonly peer: WantedPeer;
  /** Whoever answers is believed. */
  readonly insecure: boolean;
};

/** Why TLS with an endpoint has failed. */
export class ProbeTlsError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`Cannot speak TLS: ${code}`);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What is spoken over TLS, and how long its handshake may take. */
export type ProbeSpeech = {
  /**
   * Offered by ALPN (RFC 7301). `h2` must be chosen; HTTP/1.1 need not be. undefined: nothing is.
   */
  readonly protocol: "http/1.1" | "h2" | undefined;
  readonly timeoutMs: number;
};

/** Takes a connection or the reason why there is none. */
type Connected = (...outcome: [null, TLSSocket] | [Error, null]) => void;

/**
 * Connects by TLS to `to`, a canonical address, or over a connection that stands; after `timeoutMs`
 * it gives up. What undici offers itself would send the Host as SNI.
 */
export function connectByTls(
  to: string | Socket,
  { context, peer, insecure }: ProbeTls,
  { protocol, timeoutMs }: ProbeSpeech,
  onConnected: Connected,
): void {
  if (context === undefined) {
    onConnected(new ProbeTlsError("a certificate or roots are missing"), null);
    return;
  }
  const servername = serverNameOf(peer);
  const socket = nodeTls().connect({
    ...(typeof to === "string" ? placeOf(to) : { socket: to }),
    ...(servername !== undefined && { servername }),
    secureContext: context,
    rejectUnauthorized: !insecure,
    ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
    checkServerIdentity: (_host, { raw }) => {
      const isTooLong = isChainTooLong(sentChain(socket.getPeerX509Certificate()));
      if (isTooLong) return new ProbeTlsError(CHAIN_TOO_LONG);
      const isWanted = isWantedPeer(raw, peer);
      return isWanted ? undefined : new ProbeTlsError("another name in its certificate");
    },
  });
  const fail = (error: Error): void => onConnected(errorOf(error), null);
  socket.setTimeout(timeoutMs, () => socket.destroy(new ProbeTlsError("no handshake in time")));
  socket.once("error", fail);
  socket.once("secureConnect", () => {
    if (protocol === "h2" && socket.alpnProtocol !== "h2") {
      socket.destroy(new ProbeTlsError("it does not offer HTTP/2"));
      return;
    }
    socket.off("error", fail);
    socket.setTimeout(0);
    onConnected(null, socket);
  });
}

/** Where an address is, in the words of node:net. */
export function placeOf(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const { hostname, port } = new URL(`https://${address}`);
  // The URL leaves out its scheme's own port.
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 443 : Number(port) };
}

/** The system's errors say more by themselves; those of OpenSSL have a code. */
function errorOf(error: Error): Error {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined || error instanceof ProbeTlsError) return error;
  return new ProbeTlsError(code ?? error.name);
}
