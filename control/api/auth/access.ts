import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../../proxy/base/clock.ts";
import { pause } from "../../../proxy/base/clock.ts";
import type { Log } from "../../../proxy/base/log.ts";
import type { Role } from "../../base/roles.ts";
import { loadTokens } from "../../config/load-tokens.ts";
import type { AuthConfig, CertEntry, JwtConfig, TokenEntry } from "../../config/auth-schema.ts";
import { UnauthenticatedError } from "./auth-errors.ts";
import { entryFor } from "./client-certificate.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { Principal } from "./principal.ts";
import { FollowedFile } from "./followed-file.ts";
import { JwtVerifier } from "./jwt-verifier.ts";
import { TokenList } from "./token-list.ts";

/** How often files are checked for changes: a leaked token must not work for long. */
const LOOK_EVERY_MS = 5_000;

/** The credentials that a caller shows. */
export type Caller = {
  /** The Authorization field. undefined: none. */
  readonly authorization: string | undefined;
  /** The client certificate. undefined: none. */
  readonly certificate?: ClientCertificate | undefined;
};

/** Tells who calls the API. */
export interface Access {
  /** Who makes this call. @throws UnauthenticatedError */
  identify(caller: Caller): Promise<Principal>;
  /** What is wrong with configured credentials, in sentences. */
  readonly problems: readonly string[];
}

/** What decides who a caller is. */
export type AccessRules = {
  /** undefined: anybody who can connect may do everything. */
  readonly auth: AuthConfig | undefined;
  /** What anybody may do who can connect to the API's Unix socket. undefined: it is on TCP. */
  readonly socketRole: Role | undefined;
  /** Where relative paths of files begin. */
  readonly folder: string;
};

type AccessDeps = { readonly clock: Clock; readonly log: Log };

/** The present credentials: read together, and used together. */
type Credentials = {
  readonly auth: AuthConfig | undefined;
  readonly file: FollowedFile<readonly TokenEntry[]> | undefined;
  readonly tokens: TokenList;
  readonly jwt: JwtVerifier | undefined;
};

/** Tells who calls the API, by a configuration and files that may change. */
export class LiveAccess implements Access {
  readonly #socketRole: Role | undefined;
  readonly #folder: string;
  readonly #deps: AccessDeps;
  readonly #ending = new AbortController();
  #now: Credentials;

  /** Reads the credentials and follows their files until close(). @throws ConfigError */
  static async open(rules: AccessRules, deps: AccessDeps): Promise<LiveAccess> {
    const now = await readCredentials(rules.auth, rules.folder, deps);
    const access = new LiveAccess(rules, now, deps);
    void access.#follow();
    return access;
  }

  private constructor(rules: Omit<AccessRules, "auth">, now: Credentials, deps: AccessDeps) {
    this.#socketRole = rules.socketRole;
    this.#folder = rules.folder;
    this.#now = now;
    this.#deps = deps;
  }

  get problems(): readonly string[] {
    const { file, jwt } = this.#now;
    return [file?.problem ?? [], jwt?.problem ?? []].flat();
  }

  async identify({ authorization, certificate }: Caller): Promise<Principal> {
    const { auth } = this.#now;
    if (auth === undefined) return this.#withoutAny();
    // Of both, the token is meant: clients show a certificate without being told to.
    if (authorization !== undefined) return this.#byToken(authorization);
    return certificate === undefined
      ? this.#withoutAny()
      : this.#byCertificate(certificate, auth.certs);
  }

  /** @throws UnauthenticatedError */
  async #byToken(authorization: string): Promise<Principal> {
    const [, token] = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization) ?? [];
    if (token === undefined) throw new UnauthenticatedError("wrong", "another kind of credential");
    const { tokens, jwt } = this.#now;
    const entry = tokens.find(token);
    if (entry !== undefined) return this.#holderOf(entry);
    // A JWT has three parts (RFC 7515 section 3.1); none of our tokens has a dot.
    if (jwt === undefined || !token.includes(".")) {
      throw new UnauthenticatedError("wrong", "one that is not known here");
    }
    const principal = await jwt.verify(token);
    return { ...principal, stands: () => principal.stands() && this.#now.jwt === jwt };
  }

  /** @throws UnauthenticatedError */
  #byCertificate(certificate: ClientCertificate, entries: readonly CertEntry[]): Principal {
    const { flaw, notAfterMs } = certificate;
    if (flaw !== undefined) {
      throw new UnauthenticatedError("wrong", `a certificate that does not verify (${flaw})`);
    }
    const entry = entryFor(entries, certificate);
    if (entry === undefined) {
      throw new UnauthenticatedError("wrong", "a certificate that control.auth.certs do not name");
    }
    const { uri, dns = "", role, services } = entry;
    const actor = `cert:${uri ?? dns}`;
    const isOver = (): boolean => this.#deps.clock.wallMs() > notAfterMs || !certificate.stands();
    if (isOver()) {
      const found = `${actor}, which was verified when other roots or times were in force`;
      throw new UnauthenticatedError("expired", found, actor);
    }
    const isNamed = (): boolean =>
      (this.#now.auth?.certs ?? []).some((each) => isDeepStrictEqual(each, entry));
    return { actor, role, services, stands: () => !isOver() && isNamed() };
  }

  /**
   * Reads what a new configuration names, and returns what puts it to use.
   * @throws ConfigError, and then everything stays as it is
   */
  async prepare(auth: AuthConfig | undefined): Promise<() => void> {
    const next = await readCredentials(auth, this.#folder, this.#deps, this.#now.jwt);
    return () => (this.#now = next);
  }

  /** Stops following files. */
  close(): void {
    this.#ending.abort();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await pause(this.#deps.clock, LOOK_EVERY_MS, signal);
      const now = this.#now;
      await now.jwt?.refresh();
      if (now.file === undefined || !(await now.file.refresh())) continue;
      if (now === this.#now) this.#use(now.file);
    }
  }

  /** A file has changed: uses it if possible, and logs it either way. */
  #use(file: FollowedFile<readonly TokenEntry[]>): void {
    const { log } = this.#deps;
    const { path, problem, value } = file;
    if (problem !== undefined) {
      log.warn("auth.tokens-unreadable", { path, error: problem });
      return;
    }
    this.#now = { ...this.#now, tokens: tokensOf(this.#now.auth, file) };
    log.info("auth.tokens", { path, tokens: value.length });
  }

  /** Somebody without credentials. @throws UnauthenticatedError if they are needed */
  #withoutAny(): Principal {
    const role = this.#socketRole;
    const all = { services: undefined };
    if (role !== undefined) return { actor: "socket", role, ...all, stands: () => true };
    if (this.#now.auth !== undefined) throw new UnauthenticatedError("missing", "none");
    const stands = (): boolean => this.#now.auth === undefined;
    return { actor: "local", role: "admin", ...all, stands };
  }

  /** @throws UnauthenticatedError when the token has expired */
  #holderOf(entry: TokenEntry): Principal {
    const { name, role, services, expiresMs } = entry;
    const actor = `token:${name}`;
    const isOver = (): boolean => expiresMs !== undefined && this.#deps.clock.wallMs() >= expiresMs;
    if (isOver()) throw new UnauthenticatedError("expired", `${actor}, which has expired`, actor);
    const stands = (): boolean => !isOver() && this.#now.tokens.holds(entry);
    return { actor, role, services, stands };
  }
}

/** `before`: the JWT verifier that is in use. @throws ConfigError */
async function readCredentials(
  auth: AuthConfig | undefined,
  folder: string,
  deps: AccessDeps,
  before?: JwtVerifier,
): Promise<Credentials> {
  const file = await openTokens(auth, folder);
  const jwt = await openJwt(auth?.jwt, folder, deps, before);
  return { auth, file, jwt, tokens: tokensOf(auth, file) };
}

async function openTokens(
  auth: AuthConfig | undefined,
  folder: string,
): Promise<Credentials["file"]> {
  if (auth?.tokenFile === undefined) return undefined;
  const { tokens } = auth;
  return FollowedFile.open(resolve(folder, auth.tokenFile), (path) => loadTokens(path, tokens));
}

/** With the same configuration the verifier stays, with its keys: the issuer may be away now. */
async function openJwt(
  config: JwtConfig | undefined,
  folder: string,
  deps: AccessDeps,
  before: JwtVerifier | undefined,
): Promise<JwtVerifier | undefined> {
  if (config === undefined) return undefined;
  if (before !== undefined && isDeepStrictEqual(before.config, config)) return before;
  const verifier = await JwtVerifier.open(config, folder, deps);
  // An issuer that does not answer must not delay the start.
  void verifier.refresh();
  return verifier;
}

function tokensOf(auth: AuthConfig | undefined, file: Credentials["file"]): TokenList {
  return new TokenList([...(auth?.tokens ?? []), ...(file?.value ?? [])]);
}
