import type { X509Certificate } from "node:crypto";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { missingIds } from "../table/tls.ts";
import type { ListenerTls, TlsIdentity, TlsMaterial, TlsTrust, UpstreamTls } from "../table/tls.ts";
import { certificateNames } from "../table/certificate-names.ts";
import { nodeCrypto, nodeTls } from "../base/node-tls.ts";
import { TLS_CIPHERS } from "../base/tls-ciphers.ts";
import { NameIndex } from "./name-index.ts";
import { TicketKeys } from "./ticket-keys.ts";

/** Renegotiation costs us more than the client that asks for it, and TLS 1.3 has none. */
function baseFlags(): number {
  const { constants } = nodeCrypto();
  return constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;
}

/**
 * Chooses the first of TLS_CIPHERS that the client has, whatever it prefers, except for a client
 * that prefers ChaCha20: it has no AES in hardware (SSL_CTX_set_options(3)).
 */
function serverFlags(): number {
  const { SSL_OP_CIPHER_SERVER_PREFERENCE, SSL_OP_PRIORITIZE_CHACHA } = nodeCrypto().constants;
  return baseFlags() | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
}

/** How long a session can be resumed. */
const SESSION_LIFE_S = 2 * 60 * 60;

/** Longest session id context that OpenSSL takes, in bytes. */
const SESSION_CONTEXT_LENGTH = 32;

/** A certificate that OpenSSL has read. */
type Loaded = TlsIdentity & { readonly leaf: X509Certificate };

/** A certificate of a listener. */
export class ServerIdentity {
  /** The URIs in it. */
  readonly uris: readonly string[];
  /** The hosts that it is for. */
  readonly names = new NameIndex<true>();
  /** Until when it is valid, as wall clock in ms. */
  readonly notAfterMs: number;
  readonly #make: () => SecureContext;
  #context: SecureContext | undefined;

  /** `make`: makes its context when first needed, since a listener can have hundreds. */
  constructor({ leaf, names }: Loaded, make: () => SecureContext) {
    this.uris = certificateNames(leaf.raw).uris;
    for (const name of names) this.names.add(name, true);
    this.notAfterMs = leaf.validToDate.getTime();
    this.#make = make;
  }

  get context(): SecureContext {
    this.#context ??= this.#make();
    return this.#context;
  }
}

/**
 * What one listener presents, and to whom. A new object whenever its certificates or its clients'
 * roots are replaced.
 */
export class ServerContexts {
  /** For names that are absent or unknown. */
  readonly first: ServerIdentity;
  readonly choosesByName: boolean;
  /** Sessions are resumed only where this is equal. */
  readonly sessionContext: string;
  readonly #byName = new NameIndex<ServerIdentity>();

  constructor(identities: readonly ServerIdentity[], loaded: readonly Loaded[], key: string) {
    this.first = identities[0] as ServerIdentity;
    this.choosesByName = identities.length > 1;
    this.sessionContext = key;
    for (const [index, identity] of identities.entries()) {
      for (const name of loaded[index]?.names ?? []) this.#byName.add(name, identity);
    }
  }

  /** The identity for this SNI name or Host, in any case. */
  pick(name: string): ServerIdentity {
    return this.#byName.find(name.toLowerCase()) ?? this.first;
  }
}

type Current = { readonly tls: ListenerTls; readonly contexts: ServerContexts | undefined };

/** A context for connections to endpoints. A new object whenever its material is replaced. */
export type UpstreamContext = {
  readonly context: SecureContext;
  readonly certPem: string | undefined;
  readonly rootsPem: string | undefined;
};

/** The certificates, keys and roots of a worker, and the contexts made from them. */
export class TlsContexts {
  readonly #ticketKeys = new TicketKeys();
  #identities = new Map<string, Loaded>();
  #trusts = new Map<string, TlsTrust>();
  /** By bind: what was last made, and what the listener has now. */
  readonly #servers = new Map<string, ServerContexts>();
  readonly #current = new Map<string, Current>();
  readonly #clients = new Map<string, UpstreamContext>();

  /**
   * Contexts of replaced material are made anew when asked for; the others stay. @throws Error that
   * names the id if a key does not match its certificate; then nothing has changed.
   */
  replace({ identities, trusts, ticketKeys }: TlsMaterial): void {
    const loaded = new Map(identities.map((identity) => [identity.id, loadedFrom(identity)]));
    for (const trust of trusts) checkTrust(trust);
    this.#ticketKeys.replace(ticketKeys);
    this.#identities = loaded;
    this.#trusts = new Map(trusts.map((trust) => [trust.id, trust]));
    for (const [bind, { tls }] of this.#current) {
      this.#current.set(bind, { tls, contexts: this.#contextsFor(bind, tls) });
    }
  }

  /** What the listener presents. undefined: something is missing, so that it serves nobody. */
  forListener(bind: string, tls: ListenerTls): ServerContexts | undefined {
    const known = this.#current.get(bind);
    if (known?.tls === tls) return known.contexts;
    const contexts = this.#contextsFor(bind, tls);
    this.#current.set(bind, { tls, contexts });
    return contexts;
  }

  /** Whether these are still what new clients of the listener get. */
  isCurrent(bind: string, contexts: ServerContexts): boolean {
    return this.#current.get(bind)?.contexts === contexts;
  }

  /** The ids that forListener() lacks. */
  missing(tls: ListenerTls): readonly string[] {
    const identities = [...this.#identities.values()];
    return missingIds(tls, { identities, trusts: [...this.#trusts.values()] });
  }

  /** The context for connections to endpoints. undefined: something is missing. */
  forUpstream({ trust, identity, insecure }: UpstreamTls): UpstreamContext | undefined {
    const roots = trust === undefined ? undefined : this.#trusts.get(trust);
    const own = identity === undefined ? undefined : this.#identities.get(identity);
    if (roots?.id !== trust || own?.id !== identity) return undefined;
    const key = JSON.stringify([trust, identity, insecure]);
    const before = this.#clients.get(key);
    const isSame = before?.certPem === own?.certPem && before?.rootsPem === roots?.pem;
    if (before !== undefined && isSame) return before;
    const context = upstreamContext(own, insecure ? [] : rootsOf(roots));
    const made = { context, certPem: own?.certPem, rootsPem: roots?.pem };
    this.#clients.set(key, made);
    return made;
  }

  #contextsFor(bind: string, tls: ListenerTls): ServerContexts | undefined {
    const loaded = tls.identities.map((id) => this.#identities.get(id)).filter(isThere);
    const trust = tls.trust === undefined ? undefined : this.#trusts.get(tls.trust);
    const isWhole = loaded.length === tls.identities.length && trust?.id === tls.trust;
    if (!isWhole || loaded.length === 0) return undefined;
    const key = sessionContextOf(bind, tls, loaded, trust);
    const before = this.#servers.get(bind);
    if (before?.sessionContext === key) return before;
    const made = loaded.map(
      (identity) =>
        new ServerIdentity(identity, () => this.#serverContext(identity, tls, trust, key)),
    );
    const contexts = new ServerContexts(made, loaded, key);
    this.#servers.set(bind, contexts);
    return contexts;
  }

  #serverContext(
    { certPem, keyPem }: Loaded,
    tls: ListenerTls,
    trust: TlsTrust | undefined,
    sessionIdContext: string,
  ): SecureContext {
    const context = nodeTls().createSecureContext({
      ...baseOptions(tls.minVersion),
      secureOptions: serverFlags(),
      cert: certPem,
      key: keyPem,
      // Without this the system's roots would be loaded.
      ca: trust === undefined ? [] : [trust.pem],
      sessionIdContext,
      sessionTimeout: SESSION_LIFE_S,
    });
    this.#ticketKeys.serve(context);
    return context;
  }
}

function baseOptions(minVersion: ListenerTls["minVersion"]): SecureContextOptions {
  return {
    minVersion: minVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    ciphers: TLS_CIPHERS,
    secureOptions: baseFlags(),
  };
}

function upstreamContext(own: Loaded | undefined, ca: string[]): SecureContext {
  const pair = own === undefined ? {} : { cert: own.certPem, key: own.keyPem };
  return nodeTls().createSecureContext({ ...baseOptions("1.2"), ...pair, ca });
}

/** Without roots of their own: the system's, or Node's if the system has none. */
function rootsOf(roots: TlsTrust | undefined): string[] {
  if (roots !== undefined) return [roots.pem];
  const { getCACertificates } = nodeTls();
  const system = getCACertificates("system");
  return system.length > 0 ? system : getCACertificates("bundled");
}

/** Whatever changes for a client must end its sessions, which would not be judged anew. */
function sessionContextOf(
  bind: string,
  tls: ListenerTls,
  loaded: readonly Loaded[],
  trust: TlsTrust | undefined,
): string {
  const parts = [
    bind,
    tls.minVersion,
    tls.clientCert,
    trust?.pem,
    loaded.map(({ certPem, names }) => [certPem, names]),
  ];
  const digest = nodeCrypto().createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return digest.slice(0, SESSION_CONTEXT_LENGTH);
}

function loadedFrom(identity: TlsIdentity): Loaded {
  const { createPrivateKey, X509Certificate: Certificate } = nodeCrypto();
  try {
    const { certPem, keyPem } = identity;
    // A context with half of them would only fail in a handshake.
    const key = createPrivateKey(keyPem);
    nodeTls().createSecureContext({ cert: certPem, key: keyPem, ca: [] });
    const leaf = new Certificate(certPem);
    if (!leaf.checkPrivateKey(key)) throw new Error("The key is another certificate's");
    return { ...identity, leaf };
  } catch (error) {
    throw unusable(identity.id, error);
  }
}

/** Checks that there are roots: a context silently takes what it can read, even nothing. */
function checkTrust({ id, pem }: TlsTrust): void {
  const { X509Certificate: Certificate } = nodeCrypto();
  try {
    nodeTls().createSecureContext({ ca: [new Certificate(pem).toString(), pem] });
  } catch (error) {
    throw unusable(id, error);
  }
}

/** OpenSSL's reason is safe to show: it never quotes a key. */
function unusable(id: string, error: unknown): Error {
  const { code = "unreadable" } = error as NodeJS.ErrnoException;
  return new Error(`Cannot use ${id}: wanted a certificate with its key, found ${code}`);
}

function isThere<Item>(item: Item | undefined): item is Item {
  return item !== undefined;
}
