import { constants } from "node:os";
import { CHAIN_TOO_LONG, isChainTooLong } from "../base/peer-chain.ts";
import { streamHandles } from "./stream-handles.ts";
import type { StreamHandle } from "./stream-handles.ts";
import type { TlsClientSide, TlsFacts, TlsServerSide } from "./tls-facts.ts";

/** libuv's UV_EALREADY on this system: it is already reading. */
const READS_ALREADY = -constants.errno.EALREADY;

/** A certificate that a peer has sent, and the one behind it. */
type SentCertificate = {
  raw(): Uint8Array;
  getIssuerCert(): SentCertificate | undefined;
};

/** TLSWrap, which tls.TLSSocket is built on: a stream of clear text above one of records. */
export interface TlsHandle extends StreamHandle {
  onhandshakestart: (() => void) | undefined;
  /** Runs on OpenSSL's stack: it must not read, write or destroy anything. */
  onhandshakedone: (() => void) | undefined;
  /** After enableCertCb(): the client's hello has come; certCbDone() continues. */
  oncertcb: ((info: { readonly servername: string }) => void) | undefined;
  onnewsession: ((id: Buffer, session: Buffer) => void) | undefined;
  /** The context that oncertcb chose. */
  sni_context: object | undefined;
  enableCertCb(): void;
  certCbDone(): void;
  enableSessionCallbacks(): void;
  setALPNProtocols(wire: Buffer): void;
  /** Node goes on whatever the certificate is, so verifyError() must be asked. */
  setVerifyMode(requestCert: boolean, refuseNone: boolean): void;
  setServername(name: string): void;
  setSession(session: Buffer): void;
  isSessionReused(): boolean;
  getServername(): string | false;
  getALPNNegotiatedProtocol(): string | false;
  getProtocol(): string;
  getPeerX509Certificate(): SentCertificate | undefined;
  verifyError(): NodeJS.ErrnoException | null;
  /** Sends a client's hello. */
  start(): void;
  /** Takes records that were already read elsewhere. */
  receive(bytes: Uint8Array): void;
  /** Must not be called on OpenSSL's stack. */
  destroySSL(): void;
}

/** What we use of it besides the stream's own methods. */
const METHODS = [
  "enableCertCb",
  "certCbDone",
  "enableSessionCallbacks",
  "setALPNProtocols",
  "setVerifyMode",
  "setServername",
  "setSession",
  "isSessionReused",
  "getServername",
  "getALPNNegotiatedProtocol",
  "getProtocol",
  "getPeerX509Certificate",
  "verifyError",
  "start",
  "receive",
  "destroySSL",
  "useUserBuffer",
  "writeLatin1String",
  "writev",
  "writeBuffer",
] as const satisfies readonly (keyof TlsHandle)[];

/** The part of `process.binding("tls_wrap")` that we use. */
type TlsWrapBinding = {
  readonly TLSWrap: { readonly prototype: object };
  wrap(below: StreamHandle, context: object, isServer: boolean, isWriting: boolean): TlsHandle;
};

/**
 * Node's own TLS above its streams, which is undocumented. undefined: this Node has none that we
 * know, and tls.TLSSocket is used.
 */
export const tlsHandles: TlsWrapBinding | undefined = findTlsWrap();

function findTlsWrap(): TlsWrapBinding | undefined {
  const { binding } = process as unknown as { binding?: (name: string) => object };
  try {
    const found = binding?.("tls_wrap") as TlsWrapBinding;
    const isKnown = METHODS.every((name) => name in found.TLSWrap.prototype);
    return isKnown && streamHandles !== undefined ? found : undefined;
  } catch {
    return undefined;
  }
}

/** The object inside the one that `createSecureContext` returns. */
function innerContext(context: object): object {
  return (context as { readonly context: object }).context;
}

/**
 * Puts TLS above a connection that is not being read yet. libuv keeps the lower stream alive, but
 * nothing keeps the upper one: if it were collected, the next read would end the process. So the
 * lower one holds a reference to it.
 */
export function wrapTls(below: StreamHandle, context: object, isServer: boolean): TlsHandle {
  const binding = tlsHandles as TlsWrapBinding;
  const above = binding.wrap(below, innerContext(context), isServer, false);
  Object.assign(below, { above });
  // Node calls these without checking that they exist.
  above.onhandshakestart = ignore;
  above.onhandshakedone = ignore;
  return above;
}

/** Calls `onError` when OpenSSL cannot go on. */
export function whenBroken(tls: TlsHandle, onError: (error: NodeJS.ErrnoException) => void): void {
  Object.assign(tls, { onerror: onError });
}

/**
 * Begins a server's handshake, and reading. `read`: what was already read of the connection. It may
 * have failed by the time this returns.
 */
export function serve(tls: TlsHandle, side: TlsServerSide, read?: Buffer): void {
  if (side.alpn.length > 0) tls.setALPNProtocols(side.alpn);
  if (side.clientCert !== "none") tls.setVerifyMode(true, side.clientCert === "require");
  if (side.choosesByName) chooseByName(tls, side);
  if (read !== undefined) tls.receive(read);
  tls.readStart();
}

function chooseByName(tls: TlsHandle, side: TlsServerSide): void {
  tls.oncertcb = ({ servername }) => {
    const chosen = servername === "" ? undefined : side.contextFor(servername);
    if (chosen !== undefined) tls.sni_context = innerContext(chosen);
    tls.certCbDone();
  };
  tls.enableCertCb();
}

/** Begins a client's handshake, and reading. */
export function greet(tls: TlsHandle, side: TlsClientSide): void {
  if (side.alpn.length > 0) tls.setALPNProtocols(side.alpn);
  if (side.serverName !== "") tls.setServername(side.serverName);
  if (side.session !== undefined) tls.setSession(side.session);
  tls.onnewsession = (_id, session) => side.onSession(session);
  tls.enableSessionCallbacks();
  tls.readStart();
  tls.start();
}

/**
 * Whether an end that was just read is the peer's own close_notify, which nobody in between can
 * forge. After a FIN alone, libuv has stopped reading before it reports the end. Must be asked
 * right away, and only while the stream is being read.
 */
export function endIsProven(below: StreamHandle): boolean {
  return below.readStart() === READS_ALREADY;
}

/** What the handshake has shown. `seesPeer`: whether to get the peer's certificate. */
export function tlsFactsOf(tls: TlsHandle, seesPeer: boolean): TlsFacts {
  const peer = seesPeer ? tls.getPeerX509Certificate() : undefined;
  return {
    serverName: tls.getServername() || "",
    protocol: tls.getProtocol(),
    alpn: tls.getALPNNegotiatedProtocol() || "",
    resumed: tls.isSessionReused(),
    peerDer: peer === undefined ? undefined : Buffer.from(peer.raw()),
    chainError: peer === undefined ? undefined : chainErrorOf(tls, peer),
  };
}

function chainErrorOf(tls: TlsHandle, peer: SentCertificate): string | undefined {
  return isChainTooLong(chainOf(peer)) ? CHAIN_TOO_LONG : tls.verifyError()?.code;
}

function* chainOf(leaf: SentCertificate): Generator<Uint8Array> {
  for (let each: SentCertificate | undefined = leaf; each !== undefined;) {
    yield each.raw();
    each = each.getIssuerCert();
  }
}

function ignore(): void {
  // See wrapTls().
}
