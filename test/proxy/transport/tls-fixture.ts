import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import tls from "node:tls";
import { onTestFinished } from "vitest";
import { alpnWire } from "../../../proxy/transport/tls-facts.ts";
import type { TlsClientSide, TlsServerSide } from "../../../proxy/transport/tls-facts.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";

/** Who signs everybody here. */
export const AUTHORITY = makeAuthority();
/** A server's certificate. */
export const SERVER = makeCertificate({
  subject: "server",
  issuer: AUTHORITY,
  names: ["DNS:server.example", "IP:127.0.0.1"],
});
/** A client's certificate. */
export const CLIENT = makeCertificate({
  subject: "client",
  issuer: AUTHORITY,
  names: ["URI:spiffe://mesh.example/caller"],
});

const SERVER_CONTEXT = tls.createSecureContext({
  cert: SERVER.chainPem,
  key: SERVER.keyPem,
  ca: [AUTHORITY.certPem],
  sessionIdContext: "test",
});
const CLIENT_CONTEXT = tls.createSecureContext({
  cert: CLIENT.chainPem,
  key: CLIENT.keyPem,
  ca: [AUTHORITY.certPem],
});

/** A server's side of a handshake that takes everybody, but for `wish`. */
export function tlsServerSide(wish: Partial<TlsServerSide> = {}): TlsServerSide {
  return {
    context: SERVER_CONTEXT,
    alpn: alpnWire("http/1.1"),
    clientCert: "none",
    plainAnswer: "",
    choosesByName: false,
    contextFor: () => undefined,
    judge: () => undefined,
    ...wish,
  };
}

/** A client's side of a handshake that takes everybody, but for `wish`. */
export function tlsClientSide(wish: Partial<TlsClientSide> = {}): TlsClientSide {
  return {
    context: CLIENT_CONTEXT,
    alpn: alpnWire("http/1.1"),
    serverName: "",
    session: undefined,
    onSession: () => undefined,
    judge: () => undefined,
    ...wish,
  };
}

/** A peer that connects and has shaken hands. Closed with the test. */
export async function dialTls(port: number): Promise<Socket> {
  const raw = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  const socket = tls.connect({
    socket: raw,
    allowHalfOpen: true,
    secureContext: CLIENT_CONTEXT,
    rejectUnauthorized: false,
  } as tls.ConnectionOptions);
  socket.on("error", () => undefined);
  raw.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return withReset(socket, raw);
}

/** The TLS of a peer that has accepted this. */
export function tlsPeerOf(accepted: Socket): Socket {
  accepted.on("error", () => undefined);
  const options = { isServer: true, allowHalfOpen: true, secureContext: SERVER_CONTEXT };
  const socket = new tls.TLSSocket(accepted, options);
  return withReset(socket, accepted);
}

/** TLSSocket has no reset of its own. */
function withReset(socket: tls.TLSSocket, raw: Socket): Socket {
  socket.resetAndDestroy = () => {
    raw.resetAndDestroy();
    return socket;
  };
  return socket;
}
