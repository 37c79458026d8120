import { Timer } from "../base/timer-wheel.ts";
import type { Expiring } from "../base/timer-wheel.ts";
import { acceptTls } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import { chainProblem, identityOf, PeerCertificateError } from "../transport/peer-certificate.ts";
import type { Peer, PeerTls } from "../transport/peer.ts";
import type { ServerContexts } from "../transport/tls-contexts.ts";
import { alpnWire } from "../transport/tls-facts.ts";
import type { TlsFacts, TlsServerSide } from "../transport/tls-facts.ts";
import type { WireTransport, TransportHandler } from "../transport/transport.ts";
import type { ListenerSnapshot } from "../table/snapshot.ts";
import type { ListenerTls } from "../table/tls.ts";
import type { ClientDeps } from "./client-deps.ts";
import { handshakeRefusal } from "./handshake-refusal.ts";
import type { HandshakeRefusal } from "./handshake-refusal.ts";
import type { Shown } from "./shown-tls.ts";

/** From the first look at a connection to the end of its handshake, as long as for a first head. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * In the mesh: Consul's own proxy names h2 for whatever it carries. And where anything may be
 * spoken.
 */
const NO_ALPN = Buffer.alloc(0);

const PLAIN_TEXT = "This port speaks TLS: use https://\n";

/** What somebody hears who speaks HTTP in clear. */
const PLAIN_ANSWER =
  `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n` +
  `Content-Length: ${PLAIN_TEXT.length}\r\nConnection: close\r\n\r\n${PLAIN_TEXT}`;

/** Hears how a handshake ends: by exactly one of the two last calls. */
export interface HandshakeOwner {
  /** Clients speak HTTP over it. false: anything. */
  readonly speaksHttp: boolean;
  /** What they may speak then, in the order in which we like it. */
  readonly protocols: ListenerSnapshot["protocols"];
  /** It has shown this, and the client may come. */
  show(shown: Shown): PeerTls;
  /** `agreed`: the protocol that ALPN has chosen. "": none. */
  onShaken(transport: WireTransport, peer: Peer, agreed: string): void;
  /** Its connection is closed. */
  onRefused(refusal: HandshakeRefusal, peer: Peer, detail: string): void;
}

/** A connection that is to shake hands. */
export type Newcomer = {
  readonly accepted: Accepted;
  readonly peer: Peer;
  /** What has been read of it. undefined: nothing. */
  readonly read: Buffer | undefined;
};

/** The handshake of one client: a connection that is none yet for anybody else. */
export class Handshake implements TransportHandler, Expiring, TlsServerSide {
  readonly #tls: ListenerTls;
  readonly #contexts: ServerContexts;
  readonly #owner: HandshakeOwner;
  readonly #clock: ClientDeps["clock"];
  readonly #timer = new Timer(this);
  readonly #transport: WireTransport;
  readonly #peer: Peer;
  #shown: PeerTls | undefined;
  #isLate = false;
  #agreed = "";

  /** Begins at once. */
  constructor(
    { accepted, peer, read }: Newcomer,
    tls: ListenerTls,
    contexts: ServerContexts,
    { clock, wheel, buffers }: Pick<ClientDeps, "clock" | "wheel" | "buffers">,
    owner: HandshakeOwner,
  ) {
    this.#tls = tls;
    this.#contexts = contexts;
    this.#owner = owner;
    this.#clock = clock;
    this.#peer = peer;
    this.#transport = acceptTls(accepted, this, buffers, this, read);
    wheel.arm(this.#timer, HANDSHAKE_TIMEOUT_MS);
  }

  get context(): object {
    return this.#contexts.first.context;
  }

  get alpn(): Buffer {
    const { speaksHttp, protocols } = this.#owner;
    return this.#tls.intentions || !speaksHttp ? NO_ALPN : alpnWire(...protocols);
  }

  get plainAnswer(): string {
    return this.#owner.speaksHttp ? PLAIN_ANSWER : "";
  }

  get choosesByName(): boolean {
    return this.#contexts.choosesByName;
  }

  get clientCert(): ListenerTls["clientCert"] {
    return this.#tls.clientCert;
  }

  contextFor(serverName: string): object {
    return this.#contexts.pick(serverName).context;
  }

  judge(facts: TlsFacts): Error | undefined {
    const nowMs = this.#clock.wallMs();
    this.#agreed = facts.alpn;
    const own = this.#contexts.pick(facts.serverName);
    // Who resumes a session is not shown our certificate again; and in the mesh nobody may go by
    // one that nobody renews any more.
    const mustBeValid = facts.resumed || this.#tls.intentions;
    if (mustBeValid && own.notAfterMs < nowMs) return new PeerCertificateError("expired", "ours");
    const problem = this.#clientProblem(facts, nowMs);
    if (problem !== undefined) return problem;
    const client = facts.peerDer === undefined ? undefined : identityOf(facts.peerDer);
    const { serverName } = facts;
    this.#shown = this.#owner.show({ serverName, own, client, contexts: this.#contexts });
    return undefined;
  }

  onConnect(): void {
    this.#timer.close();
    this.#owner.onShaken(this.#transport, { ...this.#peer, tls: this.#shown }, this.#agreed);
  }

  onData(): void {
    // Its next handler has been there since onConnect.
  }

  onEnd(): void {
    // As onData().
  }

  onFlushed(): void {
    // Nothing has been written.
  }

  onClose(error: Error | undefined): void {
    this.#timer.close();
    const refusal = this.#isLate ? "tls-timeout" : handshakeRefusal(error);
    this.#owner.onRefused(refusal, this.#peer, detailOf(error));
  }

  onDeadline(): void {
    this.#isLate = true;
    this.#transport.destroy();
  }

  #clientProblem(facts: TlsFacts, nowMs: number): PeerCertificateError | undefined {
    const { clientCert } = this.#tls;
    if (clientCert === "none") return undefined;
    if (clientCert === "require" && facts.peerDer === undefined) {
      return new PeerCertificateError("missing", "none");
    }
    return chainProblem(facts, nowMs);
  }
}

/** What an operator can look up: OpenSSL's word, or what was found. */
function detailOf(error: NodeJS.ErrnoException | undefined): string {
  if (error instanceof PeerCertificateError) return error.message;
  return error?.code ?? "";
}
