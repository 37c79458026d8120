import { constants, createHash, X509Certificate } from "node:crypto";
import type { Server, ServerOptions } from "node:https";
import { isIP } from "node:net";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { CHAIN_TOO_LONG, isChainTooLong, sentChain } from "../../proxy/base/peer-chain.ts";
import { TLS_CIPHERS } from "../../proxy/base/tls-ciphers.ts";
import type { OwnCertificate, OwnMaterial } from "../tls/own-certificate.ts";
import { readClientCertificate } from "./auth/client-certificate.ts";
import type { ClientCertificate } from "./auth/client-certificate.ts";

/** A handshake takes a few turns; whoever takes longer holds a place on purpose. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A renegotiation costs us more than whoever asks for it, and TLS 1.3 has none. */
const OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;

/** Longest session id context that OpenSSL takes, in bytes. */
const SESSION_CONTEXT_LENGTH = 32;

/** TLS of the control API: its certificate, which may change, and those of its clients. */
export class ApiTls {
  readonly #own: Pick<OwnCertificate, "material" | "onChange">;
  readonly #clients = new WeakMap<Socket, ClientCertificate>();
  #certificate: X509Certificate;
  #rootsPem: string | undefined;

  constructor(own: Pick<OwnCertificate, "material" | "onChange">) {
    this.#own = own;
    const { identity, roots } = own.material;
    this.#certificate = new X509Certificate(identity.certPem);
    this.#rootsPem = roots?.pem;
  }

  /** What a server is made with. */
  get options(): ServerOptions {
    const { material } = this.#own;
    return {
      ...contextOf(material),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: material.roots !== undefined,
      // Whoever has none may have a token: what a certificate is worth, is judged by call.
      rejectUnauthorized: false,
    };
  }

  /** Has a server use other files for new connections, and knows the clients of all. */
  serve(server: Server): void {
    server.on("secureConnection", (socket) => this.#note(socket));
    this.#own.onChange((material) => {
      server.setSecureContext(contextOf(material));
      this.#certificate = new X509Certificate(material.identity.certPem);
      this.#rootsPem = material.roots?.pem;
    });
  }

  /** Whether the certificate in use is for a host: a name, or an address without brackets. */
  isFor(host: string): boolean {
    const found =
      isIP(host) === 0
        ? this.#certificate.checkHost(host, { subject: "never", partialWildcards: false })
        : this.#certificate.checkIP(host);
    return found !== undefined;
  }

  /** What a client has shown. undefined: nothing. */
  clientOf(socket: Socket): ClientCertificate | undefined {
    return this.#clients.get(socket);
  }

  #note(socket: TLSSocket): void {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return;
    const rootsPem = this.#rootsPem;
    const stands = (): boolean => this.#rootsPem === rootsPem;
    const flaw = flawOf(socket, certificate);
    this.#clients.set(socket, readClientCertificate(certificate, flaw, stands));
  }
}

/** Why the chain of a client does not verify. undefined: it does. */
function flawOf(socket: TLSSocket, certificate: X509Certificate): string | undefined {
  if (isChainTooLong(sentChain(certificate))) return CHAIN_TOO_LONG;
  return socket.authorized ? undefined : String(socket.authorizationError);
}

function contextOf({ identity, roots }: OwnMaterial): ServerOptions {
  const { certPem, keyPem } = identity;
  // A session is resumed only where it would be judged in the same way.
  const parts = JSON.stringify([certPem, roots?.pem]);
  const context = createHash("sha256").update(parts).digest("hex");
  return {
    minVersion: "TLSv1.2",
    ciphers: TLS_CIPHERS,
    secureOptions: OPTIONS,
    cert: certPem,
    key: keyPem,
    // None at all: the system's roots would be loaded.
    ca: roots === undefined ? [] : [roots.pem],
    sessionIdContext: context.slice(0, SESSION_CONTEXT_LENGTH),
  };
}
